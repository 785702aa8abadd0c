select 1 as one, 'x' as text, true as yes, null::integer as nothing, 3000000000 as big, '{"b":1,"a":2}'::jsonb as doc;
