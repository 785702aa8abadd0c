SELECT "g"."value" AS "i", int4mul("g"."value", 2) AS "double"
FROM generate_series(1, ?1, 1) AS "g"
ORDER BY "g"."value";
-- ?1 is :n
