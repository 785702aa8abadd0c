-- @allow anyone
-- @param id bigint
select big::integer as i, amount::integer as j from things where id = :id
