select id from things where id = 1 for update;
