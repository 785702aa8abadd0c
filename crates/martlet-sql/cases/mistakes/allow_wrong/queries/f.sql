-- @allow user
-- @allow role admin
select 1 as x
