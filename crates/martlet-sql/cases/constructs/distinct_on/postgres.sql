select distinct on (p.thing_id) p.thing_id, p.label, p.quantity
  from parts p
 order by p.thing_id, p.quantity desc, p.id
 limit 3;
