-- @allow user
select 1 as x