SELECT "parts"."id", row_number() OVER (PARTITION BY "parts"."thing_id" ORDER BY "parts"."quantity", "parts"."id") AS "number"
FROM "parts"
ORDER BY 1;
