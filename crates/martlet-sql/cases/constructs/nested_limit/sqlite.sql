SELECT "t"."id", (SELECT string_agg("x"."label", ',' ORDER BY "x"."id") FROM (SELECT "p"."id", "p"."label" FROM "parts" AS "p" WHERE "p"."thing_id" = "t"."id" ORDER BY "p"."id" LIMIT limit_count(?1)) AS "x") AS "labels"
FROM "things" AS "t"
WHERE "t"."id" IN (SELECT "things"."id" FROM "things" ORDER BY 1 DESC LIMIT limit_count(?1) OFFSET 2)
ORDER BY "t"."id";
-- ?1 is :n
