select avg(amount) as a from things where id in (1, 2, 7);
