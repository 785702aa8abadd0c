SELECT min("things"."small") AS "a", max("things"."small") AS "b", min("things"."name") AS "c", max("things"."name") AS "d", min("things"."day") AS "e", max("things"."day") AS "f", min("things"."at") AS "g", max("things"."amount") AS "h", max("things"."big") AS "i"
FROM "things";
