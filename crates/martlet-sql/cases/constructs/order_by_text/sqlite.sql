SELECT "things"."name"
FROM "things"
ORDER BY 1;
