insert into sales (shop_id, number) values ($1::bigint, $2::integer);
-- $1 is :shop
-- $2 is :number
