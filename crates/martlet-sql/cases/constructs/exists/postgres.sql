select t.id, exists (select 1 from parts p where p.thing_id = t.id) as has, not exists (select p.* from parts p where p.thing_id = t.id and p.quantity > 1) as few
  from things t
 order by t.id;
