SELECT "things"."id", CASE "things"."small" WHEN 7 THEN 'seven' WHEN 1 THEN "things"."name" ELSE "things"."note" END AS "t", CASE WHEN "things"."is_on" THEN CAST("things"."small" AS REAL) ELSE "things"."amount" END AS "wide"
FROM "things"
ORDER BY 1;
