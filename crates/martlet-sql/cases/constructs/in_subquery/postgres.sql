select id, id in (select thing_id from parts) as a, small not in (select quantity from parts) as b, big in (select price from parts) as c,
       (id, small) in (select p.thing_id, p.quantity from parts p) as d
  from things
 order by id;
