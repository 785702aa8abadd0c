select t.id, t.small - (select count(*) from parts p where p.thing_id = t.id) as free from things t order by t.id;
