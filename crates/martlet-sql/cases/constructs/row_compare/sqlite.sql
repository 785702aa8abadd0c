SELECT "things"."id"
FROM "things"
WHERE ("things"."small", "things"."id") > (?1, ?2) AND ("things"."name", "things"."id") <> ('drum', 4)
ORDER BY "things"."small" NULLS LAST, 1;
-- ?1 is :s
-- ?2 is :i
