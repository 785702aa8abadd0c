-- @allow anyone
-- @param code text
-- @param kind text
-- @param rank integer optional
insert into shops (id, code, kind, rank, opened, made_at, key) values (9, :code, :kind, :rank, '2024-01-01', '2024-01-01', '00000000-0000-4000-8000-000000000009')
