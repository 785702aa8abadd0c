SELECT int8in(jsonb_object_field_text("r"."value", 'id')) AS "id", jsonb_object_field_text("r"."value", 'name') AS "name", float8in(jsonb_object_field_text("r"."value", 'price')) AS "price", boolin(jsonb_object_field_text("r"."value", 'on')) AS "on", jsonb_object_field("r"."value", 'more') AS "more", date_in(jsonb_object_field_text("r"."value", 'day')) AS "day"
FROM json_each(jsonb_to_recordset(?1)) AS "r"
ORDER BY int8in(jsonb_object_field_text("r"."value", 'id')) NULLS LAST;
-- ?1 is :rows
