select a.id as a, b.id as b
  from things a, things b cross join counters c
 where a.id < 3 and b.id < 3 and c.hits = 0
 order by a.id, b.id;
