-- @allow anyone
-- @param more jsonb
select id, doc || :more as both from things where id in (1, 2, 4, 5) order by id
