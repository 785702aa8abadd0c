SELECT sum("things"."small") AS "s", sum(DISTINCT "things"."small") AS "d"
FROM "things";
