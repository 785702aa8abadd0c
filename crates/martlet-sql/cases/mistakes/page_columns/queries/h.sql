-- @allow user
-- @page by id
select 1 as x
