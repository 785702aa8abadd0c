-- @allow user
-- @page by id size 5 most 20
select 1 as x
