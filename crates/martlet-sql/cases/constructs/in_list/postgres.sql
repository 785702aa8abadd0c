select id, small in (1, 7) as a, small not in (1, 7) as b, small in (1, null) as c, name in ('Bell', 'a') as d from things order by id;
