-- @allow user
-- @page by id
select id from items order by id
