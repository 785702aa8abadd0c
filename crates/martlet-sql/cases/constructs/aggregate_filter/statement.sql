-- @allow anyone
select count(*) filter (where is_on) as on_now, sum(small) filter (where small between 0 and 100) as s, string_agg(name, ',' order by id) filter (where not is_on) as off, json_agg(id order by id) filter (where is_seen) as seen from things
