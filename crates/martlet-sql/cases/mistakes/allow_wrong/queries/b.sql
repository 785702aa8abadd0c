-- @allow user admin
select 1 as x
