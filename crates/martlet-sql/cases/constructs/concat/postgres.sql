select id, concat(name, note, small) as a, concat(note, is_on::text, amount, day) as b, concat(null) as c from things order by id;
