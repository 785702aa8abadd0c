INSERT INTO "parts" ("id", "thing_id", "label")
VALUES (not_null(?1, 'parts', 'id'), 1, 'x')
RETURNING "parts"."label";
-- ?1 is :id
