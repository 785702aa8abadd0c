select id, at >= day as later, day < at as earlier from things order by id;
