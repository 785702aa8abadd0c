-- @allow user
-- @cache
select 1 as x
