-- @allow anyone
-- @param n integer
select t.id, (select string_agg(x.label, ',' order by x.id) from (select p.id, p.label from parts p where p.thing_id = t.id order by p.id limit :n) x) as labels
  from things t
 where t.id in (select id from things order by id desc limit :n offset 2)
 order by t.id
