SELECT "t"."id", (SELECT max("q"."x") FROM (SELECT "p"."quantity" AS "x" FROM "parts" AS "p" WHERE "p"."thing_id" = "t"."id" UNION ALL SELECT 0) AS "q") AS "most", EXISTS (SELECT "p_2"."id" FROM "parts" AS "p_2" WHERE "p_2"."thing_id" = "t"."id" INTERSECT SELECT 4) AS "has_four", "t"."id" IN (SELECT "p_3"."thing_id" FROM "parts" AS "p_3" ORDER BY "p_3"."id" LIMIT 2) AS "early"
FROM "things" AS "t"
ORDER BY "t"."id";
