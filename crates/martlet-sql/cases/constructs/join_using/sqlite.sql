SELECT "t"."id", "t"."name", "p"."label"
FROM "things" AS "t" JOIN "parts" AS "p" ON "t"."id" = "p"."id"
ORDER BY 1;
