-- @allow user
-- @param name text lower  Which
select id
  from people
 where name = :name
 limit 10
