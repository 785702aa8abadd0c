select 1;
create table y (id bigint primary key);
-- @allow user
insert into items (name, price_cents) values ('a', 1)