select id, replace(name, 'e', '<e>') as a, replace(note, '', 'x') as b, replace(name, 'zeta', '') as c from things order by id;
