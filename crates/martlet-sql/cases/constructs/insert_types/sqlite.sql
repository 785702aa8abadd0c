INSERT INTO "things" ("id", "name", "small", "big", "amount", "is_on", "day", "at", "token", "doc", "raw")
VALUES (100, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '{"z": 1}')
RETURNING "things"."name", "things"."small", "things"."big", "things"."amount", "things"."is_on", "things"."day", "things"."at", "things"."token", "things"."doc", "things"."raw";
-- ?1 is :name
-- ?2 is :small
-- ?3 is :big
-- ?4 is :amount
-- ?5 is :is_on
-- ?6 is :day
-- ?7 is :at
-- ?8 is :token
-- ?9 is :doc
