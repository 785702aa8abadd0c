insert into counters (key, hits, seen_on) values ($1::text, 1, '2024-05-05'), ($1::text || '2', 2, null)
returning key, hits, seen_on;
-- $1 is :key
