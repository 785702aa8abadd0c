SELECT "things"."id", "things"."at" >= date_timestamptz("things"."day") AS "later", date_timestamptz("things"."day") < "things"."at" AS "earlier"
FROM "things"
ORDER BY 1;
