SELECT "n"."number", "n"."code"
FROM (SELECT "s"."code", row_number() OVER (PARTITION BY "s"."code" ORDER BY "x"."number") AS "place", "x"."number" FROM "shops" AS "s" JOIN "sales" AS "x" ON "x"."shop_id" = "s"."id") AS "n"
ORDER BY "n"."code", "n"."number";
