create table a (
  a serial primary key,
  b varchar(20),
  c numeric(10, 2),
  d timestamp,
  e text[],
  f smallint,
  g real,
  h bytea,
  i time,
  j mood,
  k char(3),
  l interval,
  m money,
  n int4range
);
