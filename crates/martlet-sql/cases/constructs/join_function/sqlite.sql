SELECT "t"."id", jsonb_object_field_text("e"."value", 'id') AS "item", "s"."value" AS "i"
FROM "things" AS "t" LEFT JOIN json_each(jsonb_array_elements(CASE WHEN "t"."id" IN (3, 10) THEN "t"."doc" END)) AS "e" ON jsonb_object_field_text("e"."value", 'id') IS NOT NULL LEFT JOIN generate_series(1, min(CASE WHEN "t"."id" < 3 THEN "t"."id" END, 4611686018427387903), 1) AS "s" ON "s"."value" > 1
WHERE "t"."id" IN (1, 2, 3, 5, 6, 10)
ORDER BY "t"."id", jsonb_object_field_text("e"."value", 'id') NULLS LAST, "s"."value" NULLS LAST;
