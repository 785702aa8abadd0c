-- @allow user
-- @cache for 3s named x
select 1 as x
