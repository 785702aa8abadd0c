SELECT "v"."column2" AS "t", int4pl("v"."column1", 1) AS "next"
FROM (VALUES (1, 'a'), (2, 'b')) AS "v"
ORDER BY "v"."column1";
