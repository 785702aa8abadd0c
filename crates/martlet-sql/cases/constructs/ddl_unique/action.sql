-- @allow anyone
-- @param shop bigint
-- @param number integer
insert into sales (shop_id, number) values (:shop, :number)
