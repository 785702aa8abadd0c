-- @allow user
-- @page by id
-- @returns row
select id from items
