select id, note is null as a, note is not null as b from things order by id;
