SELECT "parts"."id", lag("parts"."quantity") OVER (ORDER BY "parts"."id") AS "before", lead("parts"."label", 2) OVER (ORDER BY "parts"."id") AS "later", lag("parts"."quantity", 1, 0) OVER (ORDER BY "parts"."id") AS "zero"
FROM "parts"
ORDER BY 1;
