SELECT "things"."id", "things"."small" < "things"."big" AS "a", CAST("things"."big" AS REAL) <> "things"."amount" AS "b", "things"."amount" > CAST("things"."small" AS REAL) AS "c"
FROM "things"
ORDER BY 1;
