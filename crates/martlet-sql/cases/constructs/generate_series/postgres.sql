select g.i, g.i * 2 as double from generate_series(1, $1::integer) as g(i) order by g.i;
-- $1 is :n
