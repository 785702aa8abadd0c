SELECT "things"."id", to_char(date_timestamptz("things"."day"), 'YYYY') AS "y", to_char(date_timestamptz("things"."day"), 'MM') AS "m", to_char("things"."at", 'YYYY-MM') AS "ym", to_char("things"."at", 'YYYY-MM-DD') AS "d"
FROM "things"
ORDER BY 1;
