-- @allow user
create table x (id bigint primary key);
truncate items;