-- @allow user
-- @param city text  Which
-- @param name text  Which
select id from people where city = :city and name = :name limit 10
