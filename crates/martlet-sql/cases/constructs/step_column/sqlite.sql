-- 1
SELECT "things"."id", "things"."name", "things"."day", "things"."is_on", "things"."doc"
FROM "things"
WHERE "things"."id" = ?1;
-- ?1 is :id

-- 2
UPDATE "counters"
SET "hits" = int8pl("counters"."hits", coalesce(?1, 0)), "seen_on" = ?2
WHERE "counters"."key" = 'home'
RETURNING "counters"."hits", "counters"."seen_on", ?3 AS "name", ?4 AS "is_on", ?5 AS "doc";
-- ?1 is column 1 of statement 1
-- ?2 is column 3 of statement 1
-- ?3 is column 2 of statement 1
-- ?4 is column 4 of statement 1
-- ?5 is column 5 of statement 1
