-- @allow user
-- @timeout 2
select 1 as x
