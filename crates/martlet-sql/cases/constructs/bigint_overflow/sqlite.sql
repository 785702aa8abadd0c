SELECT int8mul("things"."big", ?1) AS "m", int8pl("things"."big", ?1) AS "a"
FROM "things"
WHERE "things"."id" = ?2;
-- ?1 is :n
-- ?2 is :id
