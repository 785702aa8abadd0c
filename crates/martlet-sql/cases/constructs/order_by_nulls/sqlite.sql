SELECT "things"."id", "things"."note", "things"."small"
FROM "things"
ORDER BY 2, 3 DESC, 1;
