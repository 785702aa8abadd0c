insert into sales (shop_id, number, keeper) values (2, 9, $1::bigint);
-- $1 is :keeper
