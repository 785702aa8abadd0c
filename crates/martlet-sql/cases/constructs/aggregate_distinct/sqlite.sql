SELECT json_agg_i(DISTINCT "parts"."quantity" ORDER BY "parts"."quantity") AS "q", count(DISTINCT "parts"."label") AS "l", sum(DISTINCT "parts"."quantity") AS "s"
FROM "parts";
