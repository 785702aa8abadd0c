SELECT "things"."id", "things"."small" IS NOT 7 AS "a", "things"."is_seen" IS NULL AS "b", "things"."note" IS '' AS "c", "things"."name" IS NOT "things"."note" AS "d"
FROM "things"
ORDER BY 1;
