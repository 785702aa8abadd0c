insert into counters as c (key, hits) values ($1::text, $2::bigint)
    on conflict (key) do update set hits = c.hits + excluded.hits, seen_on = coalesce(c.seen_on, date '2024-06-01') where c.hits < 100
returning key, hits, seen_on;
-- $1 is :key
-- $2 is :by
