SELECT "t"."id", "p"."label", "c"."key"
FROM "things" AS "t" LEFT JOIN ("parts" AS "p" JOIN "counters" AS "c" ON "c"."key" = 'home') ON "p"."thing_id" = "t"."id" AND "p"."quantity" > 1
WHERE "t"."id" < 4
ORDER BY "t"."id", "p"."id" NULLS LAST;
