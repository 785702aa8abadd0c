SELECT "things"."id", ?1 IS NOT NULL AS "is_given"
FROM "things"
WHERE ?1 IS NULL OR "things"."name" IN (SELECT "value" FROM json_each(coalesce(?1, '[null]')))
ORDER BY 1;
-- ?1 is :names
