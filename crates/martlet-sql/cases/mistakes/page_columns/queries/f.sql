-- @allow user
-- @page by random(), id
select id from items
