SELECT "things"."id", int4abs("things"."small") AS "s", int8abs("things"."big") AS "b", float8abs("things"."amount") AS "a"
FROM "things"
WHERE "things"."id" <> 4
ORDER BY 1;
