WITH "ranked"("id", "place") AS (SELECT "parts_2"."id", row_number() OVER (PARTITION BY "parts_2"."thing_id" ORDER BY "parts_2"."quantity" DESC, "parts_2"."id") FROM "parts" AS "parts_2")
UPDATE "parts"
SET "quantity" = int84("r"."place"), "price" = int8pl(coalesce("parts"."price", 0), (SELECT max("parts_3"."quantity") FROM "parts" AS "parts_3"))
FROM "ranked" AS "r"
WHERE "r"."id" = "parts"."id" AND "r"."place" < 3;
