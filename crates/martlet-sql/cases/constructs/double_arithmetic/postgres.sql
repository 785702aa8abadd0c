select id, amount + 1 as a, amount - 0.1::double precision as s, amount * 3 as m, amount / 3 as d, -amount as u, amount + small as w from things where id not in (5) order by id;
