INSERT INTO "counters" ("key", "hits")
VALUES (?1, ?2)
ON CONFLICT ("key") DO UPDATE SET "hits" = int8pl("counters"."hits", "excluded"."hits"), "seen_on" = coalesce("counters"."seen_on", '2024-06-01') WHERE "counters"."hits" < 100
RETURNING "counters"."key", "counters"."hits", "counters"."seen_on";
-- ?1 is :key
-- ?2 is :by
