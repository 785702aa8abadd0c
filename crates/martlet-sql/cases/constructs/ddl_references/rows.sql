insert into shops (id, code, kind, rank, opened, made_at, key) values
  (1, 'aa', 'corner', 1, '2024-01-01', '2024-01-01', '00000000-0000-4000-8000-000000000001'),
  (2, 'bb', 'mall', 2, '2024-01-01', '2024-01-01', '00000000-0000-4000-8000-000000000002');
insert into sales (shop_id, number, buyer, keeper) values (1, 1, 2, null), (1, 2, null, null), (2, 1, 1, null);
