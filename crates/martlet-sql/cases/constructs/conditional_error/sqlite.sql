SELECT "parts"."id", CASE WHEN "parts"."quantity" = 0 THEN 0 ELSE int4div(10, "parts"."quantity") END AS "d", CASE WHEN ?1 = 0 THEN -1 ELSE int4div(100, ?1) END AS "e"
FROM "parts"
ORDER BY 1;
-- ?1 is :n
