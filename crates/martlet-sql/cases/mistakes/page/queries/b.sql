-- @allow user
-- @page by id size 0
select 1 as x
