SELECT ?1 AS "name", ?2 AS "missing";
-- ?1 is auth.jwt() ->> 'name'
-- ?2 is auth.jwt() ->> 'missing'
