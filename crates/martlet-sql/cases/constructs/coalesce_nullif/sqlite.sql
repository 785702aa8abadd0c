SELECT "things"."id", coalesce("things"."note", 'none') AS "note", coalesce("things"."small", "things"."big", 0) AS "n", nullif("things"."small", 7) AS "s", nullif("things"."note", '') AS "t", "things"."amount" AS "same"
FROM "things"
ORDER BY 1;
