SELECT "things"."id", CASE WHEN "things"."small" > 5 THEN 'many' WHEN "things"."small" > 0 THEN 'few' ELSE 'none' END AS "amount", CASE WHEN "things"."is_seen" THEN 1 END AS "one"
FROM "things"
ORDER BY 1;
