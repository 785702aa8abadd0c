SELECT '2024-02-29' AS "d", '2024-02-29T11:00:00.5+00:00' AS "t", 7 AS "i", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS "u", '{"a": 2, "b": 1}' AS "j", 1.5 AS "f", 1000.0 AS "e", 1 AS "yes";
