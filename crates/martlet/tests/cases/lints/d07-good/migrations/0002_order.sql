insert into people (id, name, joined_on) values (77, 'Ana', '2026-01-01');
insert into orders (id, person_id, placed_at) values (1, 77, '2026-01-01T00:00:00Z');
