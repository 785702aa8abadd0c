SELECT "things"."id", length("things"."name") AS "n", length("things"."note") AS "m"
FROM "things"
ORDER BY 1;
