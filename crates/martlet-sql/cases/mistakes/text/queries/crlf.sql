-- @allow user
-- @param x
select 1 as x
