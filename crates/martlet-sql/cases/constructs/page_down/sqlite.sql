SELECT "t"."name", "t"."small", "t"."name" AS "martlet_page_1", "t"."id" AS "martlet_page_2"
FROM "things" AS "t"
WHERE "t"."id" > 0 OR "t"."small" IS NULL
ORDER BY 3 DESC, 4 DESC
LIMIT limit_count(?1);
-- ?1 is the page's 0

-- after a cursor
SELECT "t"."name", "t"."small", "t"."name" AS "martlet_page_1", "t"."id" AS "martlet_page_2"
FROM "things" AS "t"
WHERE ("t"."id" > 0 OR "t"."small" IS NULL) AND ("t"."name", "t"."id") < (?1, ?2)
ORDER BY 3 DESC, 4 DESC
LIMIT limit_count(?3);
-- ?1 is the page's 1
-- ?2 is the page's 2
-- ?3 is the page's 0
