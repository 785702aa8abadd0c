select t.name, p.label, p.quantity
  from things t
  join parts p on p.thing_id = t.id and p.quantity > 0
 order by t.id, p.id;
