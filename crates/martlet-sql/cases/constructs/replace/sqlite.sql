SELECT "things"."id", replace("things"."name", 'e', '<e>') AS "a", replace("things"."note", '', 'x') AS "b", replace("things"."name", 'zeta', '') AS "c"
FROM "things"
ORDER BY 1;
