SELECT "things"."id"
FROM "things"
ORDER BY 1
LIMIT 3 OFFSET 2;
