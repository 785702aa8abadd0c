-- @allow user, user
select 1 as x
