SELECT "things"."id", floor("things"."amount") AS "f", ceil("things"."amount") AS "c", round("things"."amount") AS "r", dtoi4(round("things"."amount")) % 2 AS "odd"
FROM "things"
WHERE "things"."id" NOT IN (3, 4)
ORDER BY 1;
