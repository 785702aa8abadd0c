SELECT jsonb_agg('J', "t"."doc" ORDER BY "t"."id") AS "docs", jsonb_agg('b', "t"."is_seen" ORDER BY "t"."id" DESC) AS "seen", jsonb_agg('d', "t"."amount" ORDER BY "t"."id") AS "amounts", jsonb_agg_i(DISTINCT "q"."quantity") AS "quantities"
FROM "things" AS "t" LEFT JOIN (SELECT 1 AS "quantity") AS "q" ON 1;
