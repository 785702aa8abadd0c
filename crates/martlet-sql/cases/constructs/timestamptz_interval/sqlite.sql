SELECT "things"."id", timestamptz_pl_interval("things"."at", '1 0 0') AS "month", timestamptz_mi_interval("things"."at", '0 1 7200500000') AS "back", timestamptz_pl_interval("things"."at", '0 0 7200000000') AS "later"
FROM "things"
WHERE "things"."at" BETWEEN '1900-01-01T00:00:00+00:00' AND '2100-01-01T00:00:00+00:00' OR "things"."id" IN (8, 9)
ORDER BY 1;
