-- @allow user
-- @timeout 0s
select 1 as x
