SELECT "things"."id", json_object_field("things"."raw", 'a') AS "field", json_object_field_text("things"."raw", 'a') AS "field_text", json_array_element("things"."raw", 1) AS "element", json_array_element_text("things"."raw", -1) AS "element_text"
FROM "things"
WHERE "things"."id" IN (1, 2, 4, 9, 10)
ORDER BY 1;
