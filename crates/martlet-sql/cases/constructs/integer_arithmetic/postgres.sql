select id, quantity + 1 as a, quantity - 3 as s, quantity * quantity as m, quantity / 2 as d, -quantity / 2 as n, quantity % 3 as r, -quantity % 3 as q, -quantity as u from parts order by id;
