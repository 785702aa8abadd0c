-- @allow user
-- @cache off strong
select 1 as x
