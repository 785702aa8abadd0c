SELECT "things"."id", row_number() OVER (ORDER BY "things"."id" DESC) AS "number", rank() OVER (ORDER BY "things"."small") AS "place"
FROM "things"
ORDER BY 1;
