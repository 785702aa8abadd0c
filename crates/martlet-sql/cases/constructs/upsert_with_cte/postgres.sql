insert into counters as c (key, hits)
with most as (select label, max(quantity) as q from parts group by label)
select m.label, m.q from most m where m.q > 0 union all select 'home', 100 where true
    on conflict (key) do update set hits = greatest(c.hits, excluded.hits) + (select count(*) from things);
