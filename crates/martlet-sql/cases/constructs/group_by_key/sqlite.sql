SELECT "t"."id", "t"."name", count("p"."id") AS "parts"
FROM "things" AS "t" LEFT JOIN "parts" AS "p" ON "p"."thing_id" = "t"."id"
GROUP BY "t"."id"
ORDER BY "t"."id";
