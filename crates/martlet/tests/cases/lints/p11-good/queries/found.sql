-- @allow user
-- @param city text  Where
select id, name from people where city = :city order by name limit 100
