SELECT ?1 AS "uid", ?2 AS "role", ?1 IS NULL AS "nobody";
-- ?1 is auth.uid()
-- ?2 is auth.role()
