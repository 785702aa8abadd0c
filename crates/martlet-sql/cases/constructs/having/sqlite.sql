SELECT "parts"."thing_id", max("parts"."quantity") AS "most"
FROM "parts"
GROUP BY "parts"."thing_id"
HAVING count(*) > 1
ORDER BY 1;
