SELECT "t"."id", EXISTS (SELECT 1 FROM "parts" AS "p" WHERE "p"."thing_id" = "t"."id") AS "has", NOT EXISTS (SELECT 1 FROM "parts" AS "p_2" WHERE "p_2"."thing_id" = "t"."id" AND "p_2"."quantity" > 1) AS "few"
FROM "things" AS "t"
ORDER BY "t"."id";
