SELECT "d"."thing_id", "d"."best", "t"."name"
FROM (SELECT "thing_id", "best", "quantity" FROM (SELECT "parts"."thing_id", "parts"."label" AS "best", "parts"."quantity", "parts"."thing_id" AS "order", "parts"."quantity" AS "order_2", "parts"."id" AS "order_3", row_number() OVER (PARTITION BY "parts"."thing_id" ORDER BY "parts"."thing_id", "parts"."quantity" DESC, "parts"."id") AS "row_number" FROM "parts") WHERE "row_number" = 1 ORDER BY "order", "order_2" DESC, "order_3") AS "d" LEFT JOIN "things" AS "t" ON "t"."id" = "d"."thing_id"
ORDER BY "d"."thing_id";
