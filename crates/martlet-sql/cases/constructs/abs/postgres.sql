select id, abs(small) as s, abs(big) as b, abs(amount) as a from things where id <> 4 order by id;
