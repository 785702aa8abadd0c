SELECT "things"."id", md5("things"."name") AS "m", md5("things"."note") AS "n"
FROM "things"
ORDER BY 1;
