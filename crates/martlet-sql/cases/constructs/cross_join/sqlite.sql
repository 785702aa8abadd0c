SELECT "a"."id" AS "a", "b"."id" AS "b"
FROM "things" AS "a" JOIN ("things" AS "b" JOIN "counters" AS "c")
WHERE "a"."id" < 3 AND "b"."id" < 3 AND "c"."hits" = 0
ORDER BY "a"."id", "b"."id";
