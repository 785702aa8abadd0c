-- @allow user
-- @param name text  Which
select id
  from people
 where lower(name) = :name
 limit 10
