SELECT "things"."id", "things"."small" = 7 AS "eq", "things"."small" <> 7 AS "ne", "things"."small" < 7 AS "lt", "things"."small" <= 7 AS "le", "things"."small" > 7 AS "gt", "things"."small" >= 7 AS "ge", "things"."name" < 'b' AS "text", "things"."day" > '2024-03-01' AS "date", "things"."at" < '2024-03-01T00:00:00+00:00' AS "time", "things"."is_on" = 1 AS "flag", "things"."amount" >= 1.0 AS "number"
FROM "things"
ORDER BY 1;
