select t.id, (select count(*) from parts p where p.thing_id = t.id) as parts,
       (select p.label from parts p where p.thing_id = t.id order by p.quantity desc, p.id limit 1) as most,
       (select p.label from parts p where p.id = t.id) as same_id
  from things t
 order by t.id;
