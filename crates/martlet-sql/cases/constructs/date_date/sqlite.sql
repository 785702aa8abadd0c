SELECT "things"."id", date_mi("things"."day", '2024-01-01') AS "days"
FROM "things"
WHERE "things"."day" BETWEEN '0001-01-01' AND '9999-12-31'
ORDER BY 1;
