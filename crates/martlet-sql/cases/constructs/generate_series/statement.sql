-- @allow anyone
-- @param n integer
select g.i, g.i * 2 as double from generate_series(1, :n) as g(i) order by g.i
