create table user (id bigint primary key);
create table "user" (id bigint primary key, "order" bigint, desc text);
create table t (id bigint primary key, a text, constraint check check (a <> ''));
alter table t rename column a to b, add column c text;
alter table t rename column a to limit;
create table "" (id bigint primary key);
create table u (w bigint check (w > 0), check (w > 1), constraint u_w_check check (w > 2));
create view select as select 1 as x;
