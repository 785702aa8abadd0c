select is_on, sum(amount) as s from (select is_on, amount from things where id not in (3, 4) order by id) t group by is_on order by is_on;
