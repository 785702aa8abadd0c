select id from things where name like $1::text order by id;
-- $1 is :pattern
