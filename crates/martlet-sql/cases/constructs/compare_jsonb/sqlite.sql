SELECT "things"."id", jsonb_eq("things"."doc", ?1) AS "same", NOT jsonb_eq("things"."doc", ?1) AS "other"
FROM "things"
ORDER BY 1;
-- ?1 is :doc
