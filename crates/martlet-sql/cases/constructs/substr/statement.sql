-- @allow anyone
-- @param n integer
select id, substr(name, 2) as a, substr(name, 0, 3) as b, substr(name, -1, 3) as c, substring(name from 2 for 2) as d, substr(note, 3, :n) as e from things order by id
