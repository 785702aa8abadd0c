select t.id, t.name, count(p.id) as parts from things t left join parts p on p.thing_id = t.id group by t.id order by t.id;
