SELECT "t"."id", "p"."label", "p"."quantity", "p"."quantity" IS NULL AS "is_bare"
FROM "things" AS "t" LEFT JOIN "parts" AS "p" ON "p"."thing_id" = "t"."id"
ORDER BY "t"."id", "p"."label" NULLS LAST;
