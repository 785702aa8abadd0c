-- @allow user
insert into items (name, price_cents) values ('a', 1)
