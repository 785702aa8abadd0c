SELECT "things"."id"
FROM "things"
ORDER BY 1
LIMIT limit_count(?1) OFFSET offset_count(?2);
-- ?1 is :n
-- ?2 is :skip
