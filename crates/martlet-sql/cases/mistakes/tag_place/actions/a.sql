-- @allow user
-- @name first

select 1 as x;
-- @allow anyone
-- @param late bigint
select 2 -- @answer
 as y; -- @expect row
-- @expect none
