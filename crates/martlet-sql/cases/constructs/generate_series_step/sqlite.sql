SELECT "g"."value" AS "i"
FROM json_each(generate_series_int8(?1, ?2, ?3)) AS "g"
ORDER BY 1;
-- ?1 is :a
-- ?2 is :b
-- ?3 is :step
