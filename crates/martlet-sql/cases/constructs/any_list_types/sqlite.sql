SELECT "things"."id", "things"."day" IN (SELECT "value" FROM json_each(coalesce(?1, '[null]'))) AS "d", "things"."is_on" IN (SELECT "value" FROM json_each(coalesce(?2, '[null]'))) AS "f", "things"."amount" IN (SELECT "value" FROM json_each(coalesce(?3, '[null]'))) AS "a", "things"."token" IN (SELECT "value" FROM json_each(coalesce(?4, '[null]'))) AS "u", "things"."big" IN (SELECT "value" FROM json_each(coalesce(?5, '[null]'))) AS "s"
FROM "things"
ORDER BY 1;
-- ?1 is :days
-- ?2 is :flags
-- ?3 is :amounts
-- ?4 is :tokens
-- ?5 is :smalls
