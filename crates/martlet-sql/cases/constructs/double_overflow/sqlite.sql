SELECT float8mul("things"."amount", ?1) AS "m", float8div("things"."amount", ?1) AS "d"
FROM "things"
WHERE "things"."id" = 3;
-- ?1 is :x
