-- @allow anyone
-- @param n integer
-- @param id bigint
select day + :n as d from things where id = :id
