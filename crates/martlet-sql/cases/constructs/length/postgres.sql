select id, length(name) as n, length(note) as m from things order by id;
