-- @allow user
-- @scan item "small"
-- @scan items
-- @scan items ""
-- @scan items "a" b
-- @scan "items"
select 1 as x
