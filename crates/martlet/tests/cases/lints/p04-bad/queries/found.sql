-- @allow user
-- @param name text  Which
select id from people where name = :name limit 10
