SELECT "things"."id"
FROM "things"
WHERE "things"."id" IN (SELECT "value" FROM json_each(?1))
ORDER BY 1;
-- ?1 is :ids
