SELECT CASE WHEN count(*) >= 0 THEN 1 END AS "one"
FROM "parts"
HAVING count(*) > 1;
