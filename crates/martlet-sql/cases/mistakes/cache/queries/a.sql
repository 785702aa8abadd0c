-- @allow user
-- @cache for ever
select 1 as x
