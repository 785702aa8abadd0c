select json_build_object('id', t.id, 'parts', coalesce((
         select json_agg(json_build_object('label', p.label, 'is_many', p.quantity > 1) order by p.id)
           from parts p where p.thing_id = t.id), '[]'::json)) as thing
  from things t
 where t.id < 4
 order by t.id;
