SELECT "t"."id", (SELECT count(*) FROM "parts" AS "p" WHERE "p"."thing_id" = "t"."id") AS "parts", (SELECT "p_2"."label" FROM "parts" AS "p_2" WHERE "p_2"."thing_id" = "t"."id" ORDER BY "p_2"."quantity" DESC, "p_2"."id" LIMIT 1) AS "most", (SELECT "p_3"."label" FROM "parts" AS "p_3" WHERE "p_3"."id" = "t"."id") AS "same_id"
FROM "things" AS "t"
ORDER BY "t"."id";
