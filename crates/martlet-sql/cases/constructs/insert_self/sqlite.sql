INSERT INTO "parts" ("id", "thing_id", "label", "quantity")
SELECT "?column?", "thing_id", "?column?_2", not_null("?column?_3", 'parts', 'quantity')
FROM (SELECT int8pl("parts_2"."id", 100) AS "?column?", "parts_2"."thing_id", "parts_2"."label" || '+' AS "?column?_2", int4pl("parts_2"."quantity", (SELECT max("parts_3"."quantity") FROM "parts" AS "parts_3")) AS "?column?_3" FROM "parts" AS "parts_2" WHERE "parts_2"."id" <= 3 ORDER BY "parts_2"."id")
WHERE true
RETURNING "parts"."id", "parts"."label", "parts"."quantity";
