-- @allow user
-- @cache stall 5s
select 1 as x
