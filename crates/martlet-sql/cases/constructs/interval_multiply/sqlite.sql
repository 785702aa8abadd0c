SELECT "things"."id", timestamptz_pl_interval("things"."at", interval_mul('0 1 0', CAST("things"."small" AS REAL))) AS "a", timestamptz_pl_interval("things"."at", interval_mul('0 0 5400000000', 1.5)) AS "b"
FROM "things"
WHERE "things"."id" IN (1, 2, 7)
ORDER BY 1;
