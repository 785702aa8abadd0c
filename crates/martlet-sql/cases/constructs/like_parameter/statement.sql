-- @allow anyone
-- @param pattern text
select id from things where name like :pattern order by id
