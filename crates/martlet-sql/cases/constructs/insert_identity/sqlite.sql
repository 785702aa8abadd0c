INSERT INTO "logs" ("text")
VALUES ('a'),
       ('b')
RETURNING "logs"."id", "logs"."text";
