SELECT "t"."is_on", sum_float8("t"."amount") AS "s"
FROM (SELECT "things"."is_on", "things"."amount" FROM "things" WHERE "things"."id" NOT IN (3, 4) ORDER BY "things"."id") AS "t"
GROUP BY "t"."is_on"
ORDER BY 1;
