-- @allow anyone
-- @param n integer
-- @param id bigint
select small + :n as a from things where id = :id
