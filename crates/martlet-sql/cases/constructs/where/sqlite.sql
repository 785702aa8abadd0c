SELECT "things"."id"
FROM "things"
WHERE ("things"."is_on" OR "things"."small" > 5) AND NOT ("things"."name" = 'zeta' OR "things"."is_seen")
ORDER BY 1;
