-- @allow anyone
-- @param key text
insert into counters (key, hits, seen_on) values (:key, 1, '2024-05-05'), (:key || '2', 2, null)
returning key, hits, seen_on
