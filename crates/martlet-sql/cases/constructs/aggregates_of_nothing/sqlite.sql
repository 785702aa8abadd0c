SELECT count(*) AS "n", sum("things"."small") AS "s", min("things"."name") AS "m", min("things"."is_on") AS "b", json_agg('i', "things"."id") AS "j", string_agg("things"."name", ',') AS "t", avg_float8("things"."amount") AS "a"
FROM "things"
WHERE "things"."id" < 0;
