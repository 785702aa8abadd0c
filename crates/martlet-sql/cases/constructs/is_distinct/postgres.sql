select id, small is distinct from 7 as a, is_seen is not distinct from null as b, note is not distinct from '' as c, name is distinct from note as d from things order by id;
