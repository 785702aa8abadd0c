-- @allow user
-- @name x
-- @expect row
-- @answer
select 1 as x
