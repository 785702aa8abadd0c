with drawn as (select random_int(1, 1000000000) as n)
select a.n = b.n as same, c.x = c.x as still
  from drawn a, drawn b, (select random_int(1, 1000000000) as x) c;
