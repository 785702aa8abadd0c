SELECT "things"."is_on", "things"."small" > 5 AS "big", count(*) AS "n", max("things"."name") AS "last"
FROM "things"
GROUP BY "things"."is_on", "things"."small" > 5
ORDER BY CAST(count(*) AS INTEGER) DESC, max("things"."name") DESC;
