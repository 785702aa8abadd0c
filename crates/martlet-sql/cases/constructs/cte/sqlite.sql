WITH "busy"("thing_id", "parts") AS (SELECT "parts"."thing_id", count(*) FROM "parts" GROUP BY "parts"."thing_id" HAVING count(*) > 1),
     "named"("id", "label") AS (SELECT "t"."id", "t"."name" FROM "things" AS "t" JOIN "busy" ON "busy"."thing_id" = "t"."id")
SELECT "n"."id", "n"."label", "b"."parts"
FROM "named" AS "n" JOIN "busy" AS "b" ON "b"."thing_id" = "n"."id"
ORDER BY "n"."id";
