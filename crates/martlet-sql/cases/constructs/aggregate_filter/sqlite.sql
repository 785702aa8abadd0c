SELECT count(*) FILTER (WHERE "things"."is_on") AS "on_now", sum("things"."small") FILTER (WHERE "things"."small" BETWEEN 0 AND 100) AS "s", string_agg("things"."name", ',' ORDER BY "things"."id") FILTER (WHERE NOT "things"."is_on") AS "off", json_agg('i', "things"."id" ORDER BY "things"."id") FILTER (WHERE "things"."is_seen") AS "seen"
FROM "things";
