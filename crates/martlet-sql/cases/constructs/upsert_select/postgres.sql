insert into counters (key, hits) select t.name, 1 from things t
    on conflict (key) do update set hits = excluded.hits;
