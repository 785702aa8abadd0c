UPDATE "parts"
SET "quantity" = int4pl("parts"."quantity", 1)
WHERE "parts"."id" = 2
RETURNING "parts"."id", int4mul("parts"."quantity", 2) AS "twice", upper("parts"."label") AS "label", (SELECT "t"."name" FROM "things" AS "t" WHERE "t"."id" = "parts"."thing_id") AS "thing", "parts"."quantity" > 2 AS "many";
