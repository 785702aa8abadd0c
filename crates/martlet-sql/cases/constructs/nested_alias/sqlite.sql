SELECT "p"."id", (SELECT count(*) FROM "things" AS "p_3" WHERE "p_3"."id" > 7) AS "others", EXISTS (SELECT 1 FROM "things" AS "t" WHERE "t"."id" = "p"."thing_id" AND "t"."name" = "p"."label") AS "same"
FROM "parts" AS "p"
WHERE "p"."thing_id" IN (SELECT "p_2"."id" FROM "things" AS "p_2" WHERE "p_2"."is_on")
ORDER BY "p"."id";
