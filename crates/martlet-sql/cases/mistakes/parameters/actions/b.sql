-- @allow user
-- @param item_id bigint

-- @name item
select id, price_cents from items where id = :item_id;
insert into items (name, price_cents) values ('x', :item.price_cent);
insert into items (name, price_cents) values ('x', :itm.price_cents);
insert into items (name, price_cents) values ('x', :later.id);
-- @name later
select id from items where id = :item_id;
