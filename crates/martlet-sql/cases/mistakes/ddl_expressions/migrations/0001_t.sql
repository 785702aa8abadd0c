create table a (
  id bigint primary key,
  x text check (length(y) > 1),
  y bigint default 'a',
  z boolean default 1,
  w bigint check (w),
  v timestamptz default noww(),
  u bigint default id,
  s date check (s > now())
);
create index i on a (x) where random() > 0.5;
insert into a (id, v) values (1, now());
insert into b (id) values (1);
