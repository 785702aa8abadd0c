SELECT "parts"."thing_id", json_agg('t', "parts"."label" ORDER BY "parts"."id") AS "labels", json_agg('i', "parts"."price" ORDER BY "parts"."id") AS "prices"
FROM "parts"
GROUP BY "parts"."thing_id"
ORDER BY 1;
