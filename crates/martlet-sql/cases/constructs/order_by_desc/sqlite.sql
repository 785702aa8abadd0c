SELECT "things"."id", "things"."note"
FROM "things"
ORDER BY 2 DESC NULLS FIRST, 1;
