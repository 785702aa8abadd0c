SELECT "things"."id"
FROM "things"
WHERE "things"."id" = 1;
