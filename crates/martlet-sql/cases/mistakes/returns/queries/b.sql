-- @allow user
-- @returns row value
select 1 as x
