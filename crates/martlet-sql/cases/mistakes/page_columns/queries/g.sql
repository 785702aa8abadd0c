-- @allow user
-- @page by 1
select 1 as x
