-- 1
select id, name, day, is_on, doc from things where id = $1::bigint;
-- $1 is :id

-- 2
update counters set hits = hits + coalesce($1::bigint, 0), seen_on = $2::date where key = 'home'
returning hits, seen_on, $3::text as name, $4::boolean as is_on, $5::jsonb as doc;
-- $1 is column 1 of statement 1
-- $2 is column 3 of statement 1
-- $3 is column 2 of statement 1
-- $4 is column 4 of statement 1
-- $5 is column 5 of statement 1
