select id, small between 0 and 7 as inside, small not between 0 and 7 as outside, day between '2024-01-01' and '2024-12-31' as year from things order by id;
