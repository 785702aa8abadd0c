SELECT "things"."id", greatest("things"."small", 2) AS "g", least("things"."small", "things"."big") AS "l", greatest("things"."note", "things"."name") AS "t", least("things"."day", '2024-03-01') AS "d", greatest(1.5, "things"."amount") AS "f"
FROM "things"
ORDER BY 1;
