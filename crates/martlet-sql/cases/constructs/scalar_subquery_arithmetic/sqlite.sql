SELECT "t"."id", "t"."small" - (SELECT count(*) FROM "parts" AS "p" WHERE "p"."thing_id" = "t"."id") AS "free"
FROM "things" AS "t"
ORDER BY "t"."id";
