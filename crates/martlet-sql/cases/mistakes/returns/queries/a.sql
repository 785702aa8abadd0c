-- @allow user
-- @returns one
select 1 as x
