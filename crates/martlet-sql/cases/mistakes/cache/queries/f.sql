-- @allow user
-- @cache named Big
select 1 as x
