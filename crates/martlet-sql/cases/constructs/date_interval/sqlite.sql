SELECT "things"."id", timestamp_date(date_pl_interval("things"."day", '1 0 0')) AS "d", timestamp_date(date_mi_interval("things"."day", '12 0 0')) AS "y"
FROM "things"
WHERE "things"."day" BETWEEN '1900-01-01' AND '2100-01-01'
ORDER BY 1;
