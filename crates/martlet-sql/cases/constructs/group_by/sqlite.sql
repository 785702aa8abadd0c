SELECT "parts"."thing_id", count(*) AS "parts", sum("parts"."quantity") AS "quantity"
FROM "parts"
GROUP BY "parts"."thing_id"
ORDER BY 1;
