INSERT INTO "sales" ("shop_id", "number")
VALUES (?1, ?2);
-- ?1 is :shop
-- ?2 is :number
