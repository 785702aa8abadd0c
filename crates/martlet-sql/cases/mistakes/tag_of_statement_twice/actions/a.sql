-- @allow user

-- @name a
-- @name b
-- @expect row
-- @expect none
-- @answer
select 1 as x;
-- @answer
select 2 as y
