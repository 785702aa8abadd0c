-- @allow user
-- @cache for 30s
-- @page by x size 10
-- @warm
select 1 as x
