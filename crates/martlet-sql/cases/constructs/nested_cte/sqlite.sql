SELECT "t"."id", (WITH "p"("quantity") AS (SELECT "parts"."quantity" FROM "parts" WHERE "parts"."thing_id" = "t"."id"), "q"("quantity") AS (SELECT "p"."quantity" FROM "p" WHERE "p"."quantity" > 1) SELECT count(*) FROM "q") AS "many"
FROM "things" AS "t"
ORDER BY "t"."id";
