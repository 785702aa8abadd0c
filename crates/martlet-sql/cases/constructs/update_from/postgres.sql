update parts p set price = t.small, label = p.label || t.id::text
  from things t
 where t.id = p.thing_id and t.is_on and p.id = 2
returning p.id, p.label, p.price;
