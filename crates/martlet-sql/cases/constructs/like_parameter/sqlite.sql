SELECT "things"."id"
FROM "things"
WHERE "things"."name" LIKE ?1
ORDER BY 1;
-- ?1 is :pattern
