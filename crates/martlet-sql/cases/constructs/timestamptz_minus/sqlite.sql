SELECT "things"."id", interval_cmp(timestamptz_mi("things"."at", '2024-03-01T00:00:00+00:00'), '0 1 0') > 0 AS "late", numeric_int8(extract_interval('epoch', timestamptz_mi("things"."at", '2024-03-01T00:00:00+00:00'))) AS "seconds"
FROM "things"
WHERE "things"."id" IN (1, 2, 6, 7, 10)
ORDER BY 1;
