-- @allow user
-- @page by name
select id, label as name from tags
