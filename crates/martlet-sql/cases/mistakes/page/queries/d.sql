-- @allow user
-- @page by id size 50 max 20
select 1 as x
