select id, small = 7 as eq, small <> 7 as ne, small < 7 as lt, small <= 7 as le, small > 7 as gt, small >= 7 as ge, name < 'b' as text,
       day > date '2024-03-01' as date, at < timestamptz '2024-03-01 00:00:00+00' as time, is_on = true as flag, amount >= 1 as number
  from things
 order by id;
