SELECT "things"."id", date_pli("things"."day", 1) AS "next", date_mii("things"."day", 1) AS "before", date_pli("things"."day", 7) AS "week"
FROM "things"
WHERE "things"."day" BETWEEN '1900-01-01' AND '2100-01-01' OR "things"."day" IN ('infinity', '-infinity')
ORDER BY 1;
