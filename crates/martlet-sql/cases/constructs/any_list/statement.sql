-- @allow anyone
-- @param ids bigint[]
select id from things where id = any(:ids) order by id
