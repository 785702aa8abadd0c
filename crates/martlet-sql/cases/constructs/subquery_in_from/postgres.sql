select s.parity, count(*) as things
  from (select t.id, t.id % 2 as parity from things t where t.is_on) as s
 group by s.parity
 order by s.parity;
