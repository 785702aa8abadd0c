SELECT "things"."id", "things"."note" IS NULL AS "a", "things"."note" IS NOT NULL AS "b"
FROM "things"
ORDER BY 1;
