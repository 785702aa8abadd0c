SELECT "t"."name", "p"."label", "p"."quantity"
FROM "things" AS "t" JOIN "parts" AS "p" ON "p"."thing_id" = "t"."id" AND "p"."quantity" > 0
ORDER BY "t"."id", "p"."id";
