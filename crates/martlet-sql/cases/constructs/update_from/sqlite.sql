UPDATE "parts"
SET "price" = "t"."small", "label" = "parts"."label" || CAST("t"."id" AS TEXT)
FROM "things" AS "t"
WHERE "t"."id" = "parts"."thing_id" AND "t"."is_on" AND "parts"."id" = 2
RETURNING "parts"."id", "parts"."label", "parts"."price";
