insert into things (id, name, note, small, big, amount, is_on, is_seen, day, at, token, doc, raw) values
  (1, 'anvil', 'a note', 1, 10, '1.5', true, true, '2024-02-29', '2024-02-29 23:59:59.999999+00',
   '00000000-0000-4000-8000-000000000001', '{"b": 1, "a": {"x": [1, 2.50, null]}, "b": 2}', '{"z": 1, "a":  "two"}'),
  (2, 'Bell', null, 2, 20, '0.1', false, false, '2024-03-01', '2024-03-01 00:00:00+02',
   '00000000-0000-4000-8000-000000000002', '{"a": "text", "n": 7, "t": true, "list": ["p", "q"]}', '[1, 2, 3]'),
  (3, 'çedilla', '', 2147483647, 9223372036854775807, '1e20', true, null, '9999-12-31', '9999-12-31 23:59:59.999999+00',
   'ffffffff-ffff-4fff-bfff-ffffffffffff', '[]', 'null'),
  (4, 'drum', 'it''s "quoted"', '-2147483648', '-9223372036854775808', '-1e20', true, true, '0001-01-01',
   '0001-01-01 00:00:00+00', null, '{}', '{}'),
  (5, 'Éclair', '100%_of\it', 0, 0, 0, false, null, null, null, null, null, null),
  (6, 'straße', '   blanks  ', null, null, null, true, true, '2023-12-31', '2023-12-31 12:30:45.5+00', null,
   '"only text"', '"x"'),
  (7, 'owl 🦉', 'tab	and 日本語', 7, 70, '2.5', false, true, '2024-03-10', '2024-03-10 02:30:00+00',
   'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '12345678901234567890.123', '1.0'),
  (8, 'zeta', null, 7, -70, '3.5', true, false, 'infinity', 'infinity', null, 'true', 'true'),
  (9, 'Zeta', 'Z', -7, 3000000000, '-0.5', false, false, '-infinity', '-infinity', null, 'null', '{"k": null}'),
  (10, 'a', 'line
break', 100, 5, '1e-7', true, null, '1970-01-01', '1970-01-01 00:00:00.000001+00', null,
   '[{"id": 1, "name": "one", "on": true}, {"id": 2, "name": null, "more": {"k": [1]}}, {"extra": 1.5}]', '[]');

insert into parts (id, thing_id, label, quantity, price) values
  (1, 1, 'head', 1, 500),
  (2, 1, 'horn', 2, 250),
  (3, 1, 'heel', 3, null),
  (4, 2, 'clapper', 1, 9223372036854775807),
  (5, 2, 'crown', 1, 1),
  (6, 3, 'tail', 0, 0),
  (7, 7, 'feather', 400, 2),
  (8, 8, 'head', 5, -3);

insert into counters (key, hits, seen_on) values
  ('home', 3, '2024-01-01'),
  ('shop', 0, null);
