-- @allow user
-- @param start text  How it begins
select id from people where name like :start limit 10
