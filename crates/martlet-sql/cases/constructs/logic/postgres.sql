select id, is_on and is_seen as a, is_on or is_seen as o, not is_seen as n, is_seen is not null and is_seen as d from things order by id;
