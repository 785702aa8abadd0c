-- @allow user
-- @page by made_on - 1, id
select id from items
