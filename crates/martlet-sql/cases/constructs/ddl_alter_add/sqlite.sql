SELECT "shops"."id", "shops"."city", "shops"."floors"
FROM "shops"
ORDER BY 1;
