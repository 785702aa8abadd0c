SELECT avg_float8("things"."amount") AS "a"
FROM "things"
WHERE "things"."id" IN (1, 2, 7);
