SELECT "thing_id", "label", "quantity"
FROM (SELECT "p"."thing_id", "p"."label", "p"."quantity", "p"."thing_id" AS "order", "p"."quantity" AS "order_2", "p"."id" AS "order_3", row_number() OVER (PARTITION BY "p"."thing_id" ORDER BY "p"."thing_id", "p"."quantity" DESC, "p"."id") AS "row_number" FROM "parts" AS "p")
WHERE "row_number" = 1
ORDER BY "order", "order_2" DESC, "order_3"
LIMIT 3;
