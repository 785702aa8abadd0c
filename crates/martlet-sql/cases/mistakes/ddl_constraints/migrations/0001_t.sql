create table a (id bigint primary key, u text unique deferrable initially deferred, v text);
create table b (
  id bigint primary key,
  a1 integer references a,
  a2 bigint references a on update cascade,
  a3 text references a (v),
  a4 bigint references c,
  a5 bigint references a (idd),
  a6 bigint references a match full,
  constraint twice check (a2 > 0),
  constraint twice check (a4 > 0),
  foreign key (a1, a2) references a (id),
  unique (nope),
  unique nulls not distinct (a2),
  exclude using gist (a2 with =)
);
