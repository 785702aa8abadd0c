select id, coalesce(note, 'none') as note, coalesce(small, big, 0) as n, nullif(small, 7) as s, nullif(note, '') as t, coalesce(amount) as same from things order by id;
