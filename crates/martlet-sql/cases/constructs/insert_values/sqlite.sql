INSERT INTO "counters" ("key", "hits", "seen_on")
VALUES (?1, 1, '2024-05-05'),
       (?1 || '2', 2, NULL)
RETURNING "counters"."key", "counters"."hits", "counters"."seen_on";
-- ?1 is :key
