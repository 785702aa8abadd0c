INSERT INTO "counters" ("key", "hits")
VALUES ('home', 9),
       ('new', 1)
ON CONFLICT DO NOTHING
RETURNING "counters"."key";
