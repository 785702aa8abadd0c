SELECT int4pl("things"."small", ?1) AS "a"
FROM "things"
WHERE "things"."id" = ?2;
-- ?1 is :n
-- ?2 is :id
