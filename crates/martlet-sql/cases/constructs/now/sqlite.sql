SELECT "things"."id", "things"."at" < ?1 AS "past", "things"."at" > timestamptz_mi_interval(?1, '0 1 0') AS "recent"
FROM "things"
ORDER BY 1;
-- ?1 is now()
