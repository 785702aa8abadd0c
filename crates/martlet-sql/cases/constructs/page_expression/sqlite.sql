WITH "seen"("id") AS (SELECT "things"."id" FROM "things" WHERE "things"."is_on")
SELECT (SELECT count(*) FROM "seen") AS "seen", "t"."id", lower("t"."name") AS "martlet_page_1", coalesce("t"."small", 0) AS "martlet_page_2", "t"."id" AS "martlet_page_3"
FROM "things" AS "t"
ORDER BY 3, 4 DESC, 5
LIMIT limit_count(?1);
-- ?1 is the page's 0

-- after a cursor
WITH "seen"("id") AS (SELECT "things"."id" FROM "things" WHERE "things"."is_on")
SELECT (SELECT count(*) FROM "seen") AS "seen", "t"."id", lower("t"."name") AS "martlet_page_1", coalesce("t"."small", 0) AS "martlet_page_2", "t"."id" AS "martlet_page_3"
FROM "things" AS "t"
WHERE lower("t"."name") >= ?1 AND (lower("t"."name") > ?1 OR coalesce("t"."small", 0) <= ?2 AND (coalesce("t"."small", 0) < ?2 OR "t"."id" > ?3))
ORDER BY 3, 4 DESC, 5
LIMIT limit_count(?4);
-- ?1 is the page's 1
-- ?2 is the page's 2
-- ?3 is the page's 3
-- ?4 is the page's 0
