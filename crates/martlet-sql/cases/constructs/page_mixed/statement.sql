-- @allow anyone
-- @page by t.is_on desc, t.name, t.id desc
select t.id, t.is_on from things t -- all of them
