select id, doc || $1::jsonb as both from things where id in (1, 2, 4, 5) order by id;
-- $1 is :more
