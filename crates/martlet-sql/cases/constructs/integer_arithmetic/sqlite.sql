SELECT "parts"."id", int4pl("parts"."quantity", 1) AS "a", int4mi("parts"."quantity", 3) AS "s", int4mul("parts"."quantity", "parts"."quantity") AS "m", "parts"."quantity" / 2 AS "d", int4um("parts"."quantity") / 2 AS "n", "parts"."quantity" % 3 AS "r", int4um("parts"."quantity") % 3 AS "q", int4um("parts"."quantity") AS "u"
FROM "parts"
ORDER BY 1;
