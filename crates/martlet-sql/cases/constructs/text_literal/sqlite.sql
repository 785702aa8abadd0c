SELECT 'it''s' AS "a", 'back\slash' AS "b", '' AS "c", '日本 🦉' AS "d", 'two
lines' AS "e";
