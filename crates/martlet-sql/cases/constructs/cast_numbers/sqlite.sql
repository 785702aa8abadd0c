SELECT "things"."id", dtoi4("things"."amount") AS "i", dtoi8("things"."amount") AS "b", CAST("things"."small" AS REAL) AS "d", "things"."small" AS "w", "things"."is_on" AS "f", "things"."small" <> 0 AS "t"
FROM "things"
WHERE "things"."id" NOT IN (3, 4)
ORDER BY 1;
