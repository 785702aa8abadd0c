SELECT "p"."label", "t"."name", "p"."quantity" IS NOT 1 AS "is_odd", "p"."quantity" AS "martlet_page_1", "p"."label" AS "martlet_page_2", "p"."id" AS "martlet_page_3"
FROM "parts" AS "p" JOIN "things" AS "t" ON "t"."id" = "p"."thing_id"
WHERE "p"."quantity" >= ?1
ORDER BY 4, 5, 6
LIMIT limit_count(?2);
-- ?1 is :least
-- ?2 is the page's 0

-- after a cursor
SELECT "p"."label", "t"."name", "p"."quantity" IS NOT 1 AS "is_odd", "p"."quantity" AS "martlet_page_1", "p"."label" AS "martlet_page_2", "p"."id" AS "martlet_page_3"
FROM "parts" AS "p" JOIN "things" AS "t" ON "t"."id" = "p"."thing_id"
WHERE "p"."quantity" >= ?1 AND ("p"."quantity", "p"."label", "p"."id") > (?2, ?3, ?4)
ORDER BY 4, 5, 6
LIMIT limit_count(?5);
-- ?1 is :least
-- ?2 is the page's 1
-- ?3 is the page's 2
-- ?4 is the page's 3
-- ?5 is the page's 0
