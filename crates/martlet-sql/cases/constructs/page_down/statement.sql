-- @allow anyone
-- @page by t.name desc, t.id desc
select t.name, t.small from things t where t.id > 0 or t.small is null
