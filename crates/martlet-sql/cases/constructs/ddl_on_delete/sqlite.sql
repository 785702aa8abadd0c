DELETE FROM "shops"
WHERE "shops"."id" = ?1;
-- ?1 is :id
