SELECT "things"."id", "things"."name" IN (SELECT "value" FROM json_each(coalesce(?1, '[null]'))) AS "yes", NOT "things"."name" IN (SELECT "value" FROM json_each(coalesce(?1, '[null]'))) AS "no"
FROM "things"
ORDER BY 1;
-- ?1 is :names
