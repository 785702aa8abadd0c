-- @allow user
-- @page by id
select id from items where exists (select 1 from tags) limit 3
