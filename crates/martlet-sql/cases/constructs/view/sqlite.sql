SELECT "v"."id", "v"."shout", "p"."label"
FROM (SELECT "things"."id", upper("things"."name") AS "shout", "things"."small" FROM "things" WHERE "things"."is_on") AS "v" LEFT JOIN "parts" AS "p" ON "p"."thing_id" = "v"."id"
ORDER BY "v"."id", "p"."id" NULLS LAST;
