SELECT "things"."id", "things"."name" || ' (' || CAST("things"."id" AS TEXT) || ')' AS "a", "things"."name" || "things"."note" AS "b", "things"."note" || CAST("things"."small" AS TEXT) AS "c", 'x' || booltext("things"."is_on") AS "d"
FROM "things"
ORDER BY 1;
