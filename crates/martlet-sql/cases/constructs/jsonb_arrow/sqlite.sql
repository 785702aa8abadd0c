SELECT "things"."id", jsonb_object_field("things"."doc", 'a') AS "field", jsonb_object_field_text("things"."doc", 'a') AS "field_text", jsonb_array_element_text(jsonb_object_field(jsonb_object_field("things"."doc", 'a'), 'x'), 1) AS "deep", jsonb_object_field_text(jsonb_array_element("things"."doc", 0), 'name') AS "first", jsonb_array_element_text("things"."doc", -1) AS "last", int4pl(int4in(jsonb_object_field_text("things"."doc", 'n')), 1) AS "next"
FROM "things"
ORDER BY 1;
