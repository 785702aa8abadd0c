-- 1
SELECT "things"."id", "things"."small", "things"."amount", "things"."at", "things"."token", "things"."raw"
FROM "things"
WHERE "things"."id" = ?1;
-- ?1 is :id

-- 2
INSERT INTO "counters" ("key", "hits", "seen_on")
SELECT 'k' || CAST(?1 AS TEXT), coalesce(?2, -1), timestamptz_date(?3)
WHERE ?1 IS NOT NULL;
-- ?1 is column 1 of statement 1
-- ?2 is column 2 of statement 1
-- ?3 is column 4 of statement 1

-- 3
SELECT "c"."key", "c"."hits", "c"."seen_on", float8mul(?1, 2.0) AS "twice", ?2 AS "token", ?3 AS "raw"
FROM "counters" AS "c"
WHERE "c"."hits" = ?4 OR "c"."key" = 'home'
ORDER BY "c"."key";
-- ?1 is column 3 of statement 1
-- ?2 is column 5 of statement 1
-- ?3 is column 6 of statement 1
-- ?4 is column 2 of statement 1
