-- @allow user
-- @page by sum(id)
select id from items
