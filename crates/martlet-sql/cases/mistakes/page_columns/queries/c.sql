-- @allow user
-- @page by nmae, id
select id from items
