INSERT INTO "counters" ("key", "seen_on")
VALUES ('d', NULL)
RETURNING "counters"."key", "counters"."hits", "counters"."seen_on";
