SELECT "u"."value" AS "id", "t"."name"
FROM json_each(?1) AS "u" LEFT JOIN "things" AS "t" ON "t"."id" = "u"."value"
ORDER BY "u"."value" NULLS LAST;
-- ?1 is :ids
