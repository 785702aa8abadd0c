-- 1
insert into shops (code) values ('cc')
returning code, kind, opened >= date '2024-01-01' as is_new, made_at > timestamptz '2024-01-01' as is_now, rank, meta, key is not null as has_key;

-- 2
delete from shops where code = 'cc';
