select v.t, v.i + 1 as next from (values (1, 'a'), (2, 'b')) as v(i, t) order by v.i;
