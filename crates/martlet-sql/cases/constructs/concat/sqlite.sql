SELECT "things"."id", concat("things"."name", "things"."note", CAST("things"."small" AS TEXT)) AS "a", concat("things"."note", booltext("things"."is_on"), float8out("things"."amount"), "things"."day") AS "b", concat(NULL) AS "c"
FROM "things"
ORDER BY 1;
