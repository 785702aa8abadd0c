WITH "drawn"("n") AS MATERIALIZED (SELECT random_int(1, 1000000000)),
     "c" AS MATERIALIZED (SELECT random_int(1, 1000000000) AS "x")
SELECT "a"."n" = "b"."n" AS "same", "c"."x" = "c"."x" AS "still"
FROM "drawn" AS "a" JOIN "drawn" AS "b" JOIN "c";
