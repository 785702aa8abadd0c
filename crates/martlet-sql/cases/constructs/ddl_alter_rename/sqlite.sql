SELECT "stores"."id", "stores"."place"
FROM "stores"
ORDER BY 1;
