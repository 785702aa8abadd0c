select p.id, (select count(*) from things p where p.id > 7) as others, exists (select 1 from things t where t.id = p.thing_id and t.name = p.label) as same
  from parts p
 where p.thing_id in (select p.id from things p where p.is_on)
 order by p.id;
