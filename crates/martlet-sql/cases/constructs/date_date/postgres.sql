select id, day - date '2024-01-01' as days from things where day between '0001-01-01' and '9999-12-31' order by id;
