-- @allow anyone
select id, name || ' (' || id || ')' as a, name || note as b, note || small as c, 'x' || is_on::text as d from things order by id
