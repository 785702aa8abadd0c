-- 1
select id, small, amount, at, token, raw from things where id = $1::bigint;
-- $1 is :id

-- 2
insert into counters (key, hits, seen_on) select 'k' || $1::bigint::text, coalesce($2::integer, -1), $3::timestamptz::date where $1::bigint is not null;
-- $1 is column 1 of statement 1
-- $2 is column 2 of statement 1
-- $3 is column 4 of statement 1

-- 3
select c.key, c.hits, c.seen_on, $1::double precision * 2 as twice, $2::uuid as token, $3::json as raw from counters c where c.hits = $4::integer or c.key = 'home' order by c.key;
-- $1 is column 3 of statement 1
-- $2 is column 5 of statement 1
-- $3 is column 6 of statement 1
-- $4 is column 2 of statement 1
