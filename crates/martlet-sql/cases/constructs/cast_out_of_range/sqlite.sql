SELECT int84("things"."big") AS "i", dtoi4("things"."amount") AS "j"
FROM "things"
WHERE "things"."id" = ?1;
-- ?1 is :id
