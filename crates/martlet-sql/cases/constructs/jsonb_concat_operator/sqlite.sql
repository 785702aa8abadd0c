SELECT "things"."id", jsonb_concat("things"."doc", ?1) AS "both"
FROM "things"
WHERE "things"."id" IN (1, 2, 4, 5)
ORDER BY 1;
-- ?1 is :more
