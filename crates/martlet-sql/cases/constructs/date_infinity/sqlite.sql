SELECT date_pli("things"."day", ?1) AS "d"
FROM "things"
WHERE "things"."id" = ?2;
-- ?1 is :n
-- ?2 is :id
