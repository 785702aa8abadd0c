-- @allow user
-- @page by id
select distinct id from items
