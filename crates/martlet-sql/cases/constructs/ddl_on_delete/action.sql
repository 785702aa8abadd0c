-- @allow anyone
-- @param id bigint
delete from shops where id = :id
