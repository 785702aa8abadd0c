SELECT "things"."is_on" AND 0 AS "never", count(*) AS "things", max("things"."is_on" IS NULL) AS "lost"
FROM "things"
GROUP BY CAST("things"."is_on" AND 0 AS INTEGER)
ORDER BY CAST("things"."is_on" AND 0 AS INTEGER), CAST(count(*) IS NULL AS INTEGER);
