select is_on, bool_and(is_seen) as every, bool_or(is_seen) as some from things group by is_on order by is_on;
