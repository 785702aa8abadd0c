SELECT "things"."id", "things"."small"
FROM "things"
ORDER BY 2 NULLS LAST, 1 DESC;
