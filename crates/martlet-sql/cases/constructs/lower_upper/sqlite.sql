SELECT "things"."id", lower("things"."name") AS "l", upper("things"."name") AS "u"
FROM "things"
ORDER BY 1;
