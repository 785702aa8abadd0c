SELECT "things"."id", trim("things"."note") AS "a", ltrim("things"."note") AS "b", rtrim("things"."note") AS "c", trim("things"."name", 'a') AS "d", ltrim("things"."name", 'Zz') AS "e", trim("things"."name", 'ae') AS "f", rtrim("things"."name", 'ta') AS "g"
FROM "things"
ORDER BY 1;
