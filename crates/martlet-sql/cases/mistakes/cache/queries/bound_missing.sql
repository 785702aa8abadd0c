-- @allow user
-- @cache for 10s..
select 1 as x
