select json_build_object('id', id, 'b', is_on, 'a', amount, 'day', day, 'at', at, 'doc', doc, 'raw', raw, 'note', note, 'big', big, 'token', token) as o from things order by id;
