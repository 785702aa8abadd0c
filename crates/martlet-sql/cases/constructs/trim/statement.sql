-- @allow anyone
select id, trim(note) as a, ltrim(note) as b, rtrim(note) as c, trim(both 'a' from name) as d, trim(leading 'Zz' from name) as e, btrim(name, 'ae') as f, rtrim(name, 'ta') as g from things order by id
