SELECT "things"."id", ilike('ZE%', "things"."name") AS "ascii", ilike('%ÉCLAIR', "things"."name") AS "accent", NOT ilike('B%', "things"."name") AS "other"
FROM "things"
ORDER BY 1;
