select id, at + small * interval '1 day' as a, at + interval '90 minutes' * 1.5::double precision as b from things where id in (1, 2, 7) order by id;
