SELECT "t"."id", jsonb_object_field_text("e"."value", 'id') AS "item", "s"."value" AS "i"
FROM "things" AS "t" LEFT JOIN json_each(jsonb_array_elements(CASE WHEN "t"."id" IN (3, 10) THEN "t"."doc" END)) AS "e" ON jsonb_object_field_text("e"."value", 'id') IS NOT NULL LEFT JOIN generate_series(1, "t"."small", 1) AS "s" ON "t"."small" < 3
WHERE "t"."id" IN (1, 2, 3, 5, 6, 10)
ORDER BY "t"."id", jsonb_object_field_text("e"."value", 'id') NULLS LAST, "s"."value" NULLS LAST;
