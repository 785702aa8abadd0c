select t.id, p.label, p.quantity, p.quantity is null as is_bare
  from things t
  left join parts p on p.thing_id = t.id
 order by t.id, p.label;
