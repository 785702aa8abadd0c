SELECT "parts"."thing_id", string_agg("parts"."label", ', ' ORDER BY "parts"."quantity" DESC, "parts"."label") AS "labels"
FROM "parts"
GROUP BY "parts"."thing_id"
ORDER BY 1;
