select id, floor(amount) as f, ceil(amount) as c, round(amount) as r, round(amount)::integer % 2 as odd from things where id not in (3, 4) order by id;
