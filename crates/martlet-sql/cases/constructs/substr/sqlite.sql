SELECT "things"."id", substr("things"."name", 2) AS "a", substr("things"."name", 0, 3) AS "b", substr("things"."name", -1, 3) AS "c", substr("things"."name", 2, 2) AS "d", substr("things"."note", 3, ?1) AS "e"
FROM "things"
ORDER BY 1;
-- ?1 is :n
