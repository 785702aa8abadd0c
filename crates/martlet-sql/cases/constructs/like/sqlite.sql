SELECT "things"."id", "things"."name" LIKE '%a' AS "ends", "things"."name" LIKE '_e%' AS "second", "things"."note" LIKE '100\%\_%' AS "literal", "things"."name" NOT LIKE 'z%' AS "other", "things"."name" LIKE '%🦉' AS "owl"
FROM "things"
ORDER BY 1;
