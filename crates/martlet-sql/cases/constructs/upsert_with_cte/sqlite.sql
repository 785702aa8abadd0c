INSERT INTO "counters" ("key", "hits")
SELECT *
FROM (WITH "most"("label", "q") AS (SELECT "parts"."label", max("parts"."quantity") FROM "parts" GROUP BY "parts"."label") SELECT "m"."label", "m"."q" FROM "most" AS "m" WHERE "m"."q" > 0 UNION ALL SELECT 'home', 100 WHERE 1)
WHERE true
ON CONFLICT ("key") DO UPDATE SET "hits" = int8pl(max("counters"."hits", "excluded"."hits"), (SELECT count(*) FROM "things"));
