WITH "v"("n", "t") AS (VALUES (1, 'one'), (2, 'two')),
     "w"("n", "t") AS (SELECT "v"."n", "v"."t" FROM "v" UNION SELECT 3, 'three' EXCEPT SELECT * FROM (VALUES (2, 'two')))
SELECT "w"."n", "w"."t", coalesce("p"."label", 'none') AS "label"
FROM "w" LEFT JOIN "parts" AS "p" ON "p"."id" = "w"."n"
ORDER BY "w"."n" DESC;
