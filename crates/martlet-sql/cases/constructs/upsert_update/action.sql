-- @allow anyone
-- @param key text
-- @param by bigint
insert into counters as c (key, hits) values (:key, :by)
    on conflict (key) do update set hits = c.hits + excluded.hits, seen_on = coalesce(c.seen_on, date '2024-06-01') where c.hits < 100
returning key, hits, seen_on
