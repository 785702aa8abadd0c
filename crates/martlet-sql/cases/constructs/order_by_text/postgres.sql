select name from things order by name;
