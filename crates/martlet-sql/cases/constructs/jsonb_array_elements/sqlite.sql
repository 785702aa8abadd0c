SELECT "t"."id", "e"."value" AS "item", jsonb_object_field_text("e"."value", 'name') AS "name"
FROM "things" AS "t" JOIN json_each(jsonb_array_elements("t"."doc")) AS "e"
WHERE "t"."id" IN (3, 10)
ORDER BY "t"."id", jsonb_object_field_text("e"."value", 'id') NULLS LAST;
