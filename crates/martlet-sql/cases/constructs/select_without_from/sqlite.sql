SELECT 1 AS "one", 'x' AS "text", 1 AS "yes", NULL AS "nothing", 3000000000 AS "big", '{"a": 2, "b": 1}' AS "doc";
