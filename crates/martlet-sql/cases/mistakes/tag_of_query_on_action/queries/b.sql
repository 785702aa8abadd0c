-- @allow user
-- @idempotent
-- @on signup
select 1 as x
