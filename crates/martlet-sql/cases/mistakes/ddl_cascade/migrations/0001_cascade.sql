create table families (id bigint primary key, parent_id bigint references families (id) on delete cascade);
create table toys (id bigint primary key, family_id bigint references families (id) on delete set null);
create table notes (id bigint primary key, family_id bigint references families (id));
insert into families (id, parent_id) values (1, null), (2, 1);
delete from families where id = 1;
delete from toys;
