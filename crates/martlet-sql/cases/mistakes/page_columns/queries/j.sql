-- @allow user
-- @page by t.id, 1
select t.id from tags t
