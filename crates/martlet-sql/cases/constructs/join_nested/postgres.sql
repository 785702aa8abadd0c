select t.id, p.label, c.key
  from things t
  left join (parts p join counters c on c.key = 'home') on p.thing_id = t.id and p.quantity > 1
 where t.id < 4
 order by t.id, p.id;
