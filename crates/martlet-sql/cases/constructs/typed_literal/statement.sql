-- @allow anyone
select date '2024-02-29' as d, timestamptz '2024-02-29 12:00:00.50+01' as t, '7'::integer as i, uuid 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' as u, jsonb '{"b": 1, "a": 2}' as j, 1.5::double precision as f, 1e3::double precision as e, true as yes
