-- @allow user
-- @param city text  Where
select id, name from people where city = :city order by joined_on desc, id desc limit 20
