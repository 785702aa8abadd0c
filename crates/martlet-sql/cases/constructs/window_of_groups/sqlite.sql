SELECT "parts"."thing_id", sum("parts"."quantity") AS "total", rank() OVER (ORDER BY sum("parts"."quantity") DESC, "parts"."thing_id") AS "place", lag(count(*)) OVER (ORDER BY "parts"."thing_id") AS "before"
FROM "parts"
GROUP BY "parts"."thing_id"
HAVING sum("parts"."quantity") > 0
ORDER BY 1;
