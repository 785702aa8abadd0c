-- @allow user
-- @page by id desc, size 20
select 1 as x
