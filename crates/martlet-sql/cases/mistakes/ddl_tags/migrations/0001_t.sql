-- @small yes
create table a (id bigint primary key);
-- @small
create index a_id on a (id);
-- @keep
create index a_id2 on a (id);
-- @keep "x"
create table b (id bigint primary key);
-- @table c(id bigint)
-- @smal
-- @allow user
create table c (id bigint primary key -- @small
);
-- @small
