SELECT date_pli("d"."value", 1) AS "day", "f"."value" AS "flag", CAST("a"."value" AS REAL) AS "amount", "n"."value" AS "name"
FROM json_each(?1) AS "d" JOIN json_each(?2) AS "f" JOIN json_each(?3) AS "a" JOIN json_each(?4) AS "n"
ORDER BY 1 NULLS LAST, 2 NULLS LAST, 3 NULLS LAST, 4 NULLS LAST;
-- ?1 is :days
-- ?2 is :flags
-- ?3 is :amounts
-- ?4 is :names
