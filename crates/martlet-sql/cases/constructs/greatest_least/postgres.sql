select id, greatest(small, 2) as g, least(small, big) as l, greatest(note, name) as t, least(day, date '2024-03-01') as d, greatest(1.5::double precision, amount) as f from things order by id;
