-- @allow anyone
-- @param keeper bigint
insert into sales (shop_id, number, keeper) values (2, 9, :keeper)
