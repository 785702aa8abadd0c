UPDATE "things"
SET "note" = ?1, "small" = int4pl("things"."small", 1), "is_on" = NOT "things"."is_on"
WHERE "things"."id" = 1
RETURNING "things"."id", "things"."note", "things"."small", "things"."is_on";
-- ?1 is :note
