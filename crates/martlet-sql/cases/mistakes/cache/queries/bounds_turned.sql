-- @allow user
-- @cache for 2m..10s
select 1 as x
