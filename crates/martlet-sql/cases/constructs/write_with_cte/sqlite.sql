WITH "most"("q") AS (SELECT max("parts"."quantity") FROM "parts")
UPDATE "counters"
SET "hits" = not_null("most"."q", 'counters', 'hits')
FROM "most"
WHERE "counters"."key" = 'home'
RETURNING "counters"."hits";
