-- @allow user
create table x (id bigint)
