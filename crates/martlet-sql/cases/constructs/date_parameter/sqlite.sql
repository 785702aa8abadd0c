SELECT "things"."id"
FROM "things"
WHERE "things"."day" > date_mii(?1, 31) AND "things"."day" < ?2
ORDER BY 1;
-- ?1 is :from
-- ?2 is :to
