WITH "parts_2"("id", "label") AS (SELECT "parts"."id", "parts"."label" FROM "parts" WHERE "parts"."quantity" > 1)
SELECT "p"."label"
FROM "parts_2" AS "p"
ORDER BY "p"."id";
