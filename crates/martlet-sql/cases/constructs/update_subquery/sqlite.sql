UPDATE "parts"
SET "quantity" = int84((SELECT count(*) FROM "parts" AS "o" WHERE "o"."quantity" < "parts"."quantity"))
FROM (SELECT 1);
