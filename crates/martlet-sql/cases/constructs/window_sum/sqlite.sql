SELECT "parts"."id", sum("parts"."quantity") OVER (ORDER BY "parts"."id") AS "running", sum("parts"."quantity") OVER (PARTITION BY "parts"."thing_id") AS "whole", sum("parts"."quantity") OVER (ORDER BY "parts"."id" ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS "near", numeric_int8(sum_int8("parts"."id") OVER (ORDER BY "parts"."id")) AS "big"
FROM "parts"
ORDER BY 1;
