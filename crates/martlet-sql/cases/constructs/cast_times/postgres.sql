select id, at::date as d, day::timestamptz as t, (at::date = day) as same from things order by id;
