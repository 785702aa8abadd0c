select id, day < current_date as past, day > current_date + 7 as far from things order by id;
