SELECT * FROM (VALUES (1, 'a', NULL), (2, 'b', 1), (-1, NULL, 0))
ORDER BY 1;
