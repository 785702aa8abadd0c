SELECT numeric_float8(avg_int8("parts"."quantity")) AS "q", numeric_float8(avg_int8("parts"."price")) AS "p"
FROM "parts";
