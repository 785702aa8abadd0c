SELECT "things"."id", "things"."big" / 7 AS "d", "things"."big" % 7 AS "r", -("things"."big" / 2) AS "u", int8mi("things"."big", "things"."small") AS "s", int8mul("things"."id", 3000000000) AS "m"
FROM "things"
WHERE "things"."id" NOT IN (3, 4)
ORDER BY 1;
