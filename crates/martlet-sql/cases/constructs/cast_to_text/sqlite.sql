SELECT "things"."id", CAST("things"."small" AS TEXT) AS "i", CAST("things"."big" AS TEXT) AS "b", float8out("things"."amount") AS "d", booltext("things"."is_seen") AS "f", "things"."day" AS "y", timestamptz_out("things"."at") AS "t", "things"."token" AS "u", "things"."doc" AS "j", "things"."raw" AS "r"
FROM "things"
ORDER BY 1;
