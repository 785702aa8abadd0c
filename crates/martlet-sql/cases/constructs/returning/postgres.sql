update parts set quantity = quantity + 1 where id = 2
returning id, quantity * 2 as twice, upper(label) as label, (select t.name from things t where t.id = parts.thing_id) as thing, quantity > 2 as many;
