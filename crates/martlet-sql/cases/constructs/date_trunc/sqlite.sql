SELECT "things"."id", timestamptz_trunc('year', "things"."at") AS "year", timestamptz_trunc('quarter', "things"."at") AS "quarter", timestamptz_trunc('month', "things"."at") AS "month", timestamptz_trunc('week', "things"."at") AS "week", timestamptz_trunc('day', "things"."at") AS "day", timestamptz_trunc('hour', "things"."at") AS "hour", timestamptz_trunc('minute', "things"."at") AS "minute", timestamptz_trunc('second', "things"."at") AS "second"
FROM "things"
WHERE "things"."id" NOT IN (4)
ORDER BY 1;
