select jsonb_build_object('id', id, 'b', is_on, 'aa', amount, 'c', jsonb_build_array(name, small, is_seen)) as o from things order by id;
