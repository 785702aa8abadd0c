SELECT "things"."id", timestamptz_date("things"."at") AS "d", date_timestamptz("things"."day") AS "t", timestamptz_date("things"."at") = "things"."day" AS "same"
FROM "things"
ORDER BY 1;
