SELECT "things"."id", float8pl("things"."amount", 1.0) AS "a", float8mi("things"."amount", 0.1) AS "s", float8mul("things"."amount", 3.0) AS "m", float8div("things"."amount", 3.0) AS "d", float8um("things"."amount") AS "u", float8pl("things"."amount", CAST("things"."small" AS REAL)) AS "w"
FROM "things"
WHERE "things"."id" NOT IN (5)
ORDER BY 1;
