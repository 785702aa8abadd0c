SELECT "things"."id", "things"."id" IN (SELECT "parts"."thing_id" FROM "parts") AS "a", "things"."small" NOT IN (SELECT "parts_2"."quantity" FROM "parts" AS "parts_2") AS "b", "things"."big" IN (SELECT "parts_3"."price" FROM "parts" AS "parts_3") AS "c", ("things"."id", "things"."small") IN (SELECT "p"."thing_id", "p"."quantity" FROM "parts" AS "p") AS "d"
FROM "things"
ORDER BY 1;
