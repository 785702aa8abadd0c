SELECT "parts"."thing_id" AS "id" FROM "parts"
EXCEPT
SELECT * FROM (SELECT "things"."id" FROM "things" WHERE "things"."is_on" INTERSECT SELECT "parts_2"."thing_id" FROM "parts" AS "parts_2" WHERE "parts_2"."quantity" = 1)
ORDER BY 1;
