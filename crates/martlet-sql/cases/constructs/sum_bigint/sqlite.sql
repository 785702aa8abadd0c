SELECT "parts"."thing_id", numeric_int8(sum_int8("parts"."price")) AS "s"
FROM "parts"
WHERE "parts"."thing_id" <> ?1
GROUP BY "parts"."thing_id"
ORDER BY 1;
-- ?1 is :except
