delete from parts p where exists (select 1 from things t where t.id = p.thing_id and t.is_on);
