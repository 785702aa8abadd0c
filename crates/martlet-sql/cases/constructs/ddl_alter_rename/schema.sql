create table shops (id bigint primary key, rank integer, old text);
alter table shops rename column rank to place;
alter table shops drop column old;
alter table shops rename to stores;
