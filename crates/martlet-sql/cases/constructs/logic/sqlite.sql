SELECT "things"."id", "things"."is_on" AND "things"."is_seen" AS "a", "things"."is_on" OR "things"."is_seen" AS "o", NOT "things"."is_seen" AS "n", "things"."is_seen" IS NOT NULL AND "things"."is_seen" AS "d"
FROM "things"
ORDER BY 1;
