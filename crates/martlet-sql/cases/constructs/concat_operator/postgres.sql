select id, name || ' (' || id::text || ')' as a, name || note as b, note || small::text as c, 'x' || is_on::text as d from things order by id;
