select t.id, (select max(q.x) from (select p.quantity as x from parts p where p.thing_id = t.id union all select 0) q) as most,
       exists (select p.id from parts p where p.thing_id = t.id intersect select 4) as has_four,
       t.id in (select p.thing_id from parts p order by p.id limit 2) as early
  from things t
 order by t.id;
