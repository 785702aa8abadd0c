SELECT "things"."id"
FROM "things"
WHERE "things"."id" IN (SELECT "value" FROM json_each(coalesce(?1, '[null]')))
ORDER BY 1;
-- ?1 is :ids
