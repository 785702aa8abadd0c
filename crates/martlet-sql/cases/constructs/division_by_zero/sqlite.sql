SELECT int4div("things"."small", ?1) AS "d", int4mod("things"."small", ?1) AS "r"
FROM "things"
WHERE "things"."id" = 7;
-- ?1 is :n
