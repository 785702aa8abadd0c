select id from things order by id limit 3 offset 2;
