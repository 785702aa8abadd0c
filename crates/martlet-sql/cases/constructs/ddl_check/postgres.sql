insert into shops (id, code, kind, rank, opened, made_at, key) values (9, $1::text, $2::text, $3::integer, '2024-01-01', '2024-01-01', '00000000-0000-4000-8000-000000000009');
-- $1 is :code
-- $2 is :kind
-- $3 is :rank
