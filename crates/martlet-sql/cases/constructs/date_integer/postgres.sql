select id, day + 1 as next, day - 1 as before, 7 + day as week from things where day between '1900-01-01' and '2100-01-01' or day in ('infinity', '-infinity') order by id;
