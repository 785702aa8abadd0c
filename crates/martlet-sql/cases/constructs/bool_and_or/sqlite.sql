SELECT "things"."is_on", min("things"."is_seen") AS "every", max("things"."is_seen") AS "some"
FROM "things"
GROUP BY "things"."is_on"
ORDER BY 1;
