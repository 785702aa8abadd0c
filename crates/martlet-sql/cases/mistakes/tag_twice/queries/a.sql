-- @allow user
-- @returns row
-- @returns rows
-- @timeout 1s
-- @timeout 2s
select 1 as x
