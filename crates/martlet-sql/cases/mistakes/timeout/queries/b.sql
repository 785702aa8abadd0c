-- @allow user
-- @timeout 11m
select 1 as x
