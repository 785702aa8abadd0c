select 'it''s' as a, 'back\slash' as b, '' as c, '日本 🦉' as d, 'two
lines' as e;
