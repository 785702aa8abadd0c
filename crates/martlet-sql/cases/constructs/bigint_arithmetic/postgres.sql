select id, big / 7 as d, big % 7 as r, -(big / 2) as u, big - small as s, id * 3000000000 as m from things where id not in (3, 4) order by id;
