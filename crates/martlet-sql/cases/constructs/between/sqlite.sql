SELECT "things"."id", "things"."small" BETWEEN 0 AND 7 AS "inside", "things"."small" NOT BETWEEN 0 AND 7 AS "outside", "things"."day" BETWEEN '2024-01-01' AND '2024-12-31' AS "year"
FROM "things"
ORDER BY 1;
