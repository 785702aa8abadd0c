INSERT INTO "sales" ("shop_id", "number", "keeper")
VALUES (2, 9, ?1);
-- ?1 is :keeper
