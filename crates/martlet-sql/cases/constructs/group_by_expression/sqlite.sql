SELECT "things"."small" % 2 AS "odd", count(*) AS "things"
FROM "things"
GROUP BY "things"."small" % 2
ORDER BY 1 NULLS LAST;
