-- @allow anyone
select id, note is null as a, note is not null as b, is_seen is true as c, is_seen is not true as d, is_seen is false as e, is_seen is not false as f from things order by id
