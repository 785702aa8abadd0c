SELECT "things"."id", "things"."small" % 2 AS "odd"
FROM "things"
WHERE "things"."small" IS NOT NULL
ORDER BY 2 NULLS LAST, lower("things"."name"), 1;
