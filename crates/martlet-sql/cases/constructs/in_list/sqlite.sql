SELECT "things"."id", "things"."small" IN (1, 7) AS "a", "things"."small" NOT IN (1, 7) AS "b", "things"."small" IN (1, NULL) AS "c", "things"."name" IN ('Bell', 'a') AS "d"
FROM "things"
ORDER BY 1;
