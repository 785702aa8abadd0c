-- @allow user
-- @page by name
select id from items
