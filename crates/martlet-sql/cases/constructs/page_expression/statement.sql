-- @allow anyone
-- @page by lower(t.name), coalesce(t.small, 0) desc, t.id
with seen as (select id from things where is_on)
select (select count(*) from seen) as seen, t.id from things t
