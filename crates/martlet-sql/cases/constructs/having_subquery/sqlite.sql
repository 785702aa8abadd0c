SELECT "parts"."thing_id", count(*) AS "parts"
FROM "parts"
GROUP BY "parts"."thing_id"
HAVING count(*) >= (SELECT int8pl(min("c"."n"), 1) FROM (SELECT count(*) AS "n" FROM "parts" AS "parts_2" GROUP BY "parts_2"."thing_id") AS "c")
ORDER BY 1;
