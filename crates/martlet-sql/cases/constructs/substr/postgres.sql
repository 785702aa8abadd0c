select id, substr(name, 2) as a, substr(name, 0, 3) as b, substr(name, -1, 3) as c, substring(name from 2 for 2) as d, substr(note, 3, $1::integer) as e from things order by id;
-- $1 is :n
