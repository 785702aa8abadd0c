UPDATE "shops"
SET "rank" = 2, "kind" = ?1
WHERE "shops"."id" = 1;
-- ?1 is :kind
