select t.id, (select string_agg(x.label, ',' order by x.id) from (select p.id, p.label from parts p where p.thing_id = t.id order by p.id limit $1::integer) x) as labels
  from things t
 where t.id in (select id from things order by id desc limit $1::integer offset 2)
 order by t.id;
-- $1 is :n
