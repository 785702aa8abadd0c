INSERT INTO "empties"
DEFAULT VALUES
RETURNING "empties"."n", "empties"."is_on";
