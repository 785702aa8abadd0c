SELECT "things"."small" AS "n", 'small' AS "kind" FROM "things" WHERE "things"."small" BETWEEN 0 AND 7 UNION ALL SELECT "parts"."quantity", 'part' FROM "parts" WHERE "parts"."quantity" < 3
UNION
SELECT 7, 'small'
ORDER BY 1 NULLS LAST, 2;
