select id, lower(name) as l, upper(name) as u from things order by id;
