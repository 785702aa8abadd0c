-- @allow user
-- @idempotent
select 1 as x
