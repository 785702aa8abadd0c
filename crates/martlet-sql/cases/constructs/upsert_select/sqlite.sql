INSERT INTO "counters" ("key", "hits")
SELECT *
FROM (SELECT "t"."name", 1 FROM "things" AS "t")
WHERE true
ON CONFLICT ("key") DO UPDATE SET "hits" = "excluded"."hits";
