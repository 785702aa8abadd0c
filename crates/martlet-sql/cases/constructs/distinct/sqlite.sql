SELECT DISTINCT "things"."small", "things"."is_seen"
FROM "things"
ORDER BY 1 NULLS LAST, 2 NULLS LAST;
