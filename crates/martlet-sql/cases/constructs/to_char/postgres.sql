select id, to_char(day, 'YYYY') as y, to_char(day, 'MM') as m, to_char(at, 'YYYY-MM') as ym, to_char(at, 'YYYY-MM-DD') as d from things order by id;
