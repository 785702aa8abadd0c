SELECT "t"."id", "t"."is_on", "t"."is_on" AS "martlet_page_1", "t"."name" AS "martlet_page_2", "t"."id" AS "martlet_page_3"
FROM "things" AS "t"
ORDER BY 3 DESC, 4, 5 DESC
LIMIT limit_count(?1);
-- ?1 is the page's 0

-- after a cursor
SELECT "t"."id", "t"."is_on", "t"."is_on" AS "martlet_page_1", "t"."name" AS "martlet_page_2", "t"."id" AS "martlet_page_3"
FROM "things" AS "t"
WHERE "t"."is_on" <= ?1 AND ("t"."is_on" < ?1 OR "t"."name" >= ?2 AND ("t"."name" > ?2 OR "t"."id" < ?3))
ORDER BY 3 DESC, 4, 5 DESC
LIMIT limit_count(?4);
-- ?1 is the page's 1
-- ?2 is the page's 2
-- ?3 is the page's 3
-- ?4 is the page's 0
