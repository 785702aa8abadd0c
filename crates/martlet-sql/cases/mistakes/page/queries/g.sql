-- @allow user
-- @page by id
select id from items union select 1
