-- @allow anyone
-- @param days date[]
-- @param flags boolean[]
-- @param amounts double[]
-- @param names text[]
select d.x + 1 as day, f.x as flag, a.x as amount, n.x as name from unnest(:days) as d(x), unnest(:flags) as f(x), unnest(:amounts) as a(x), unnest(:names) as n(x) order by 1, 2, 3, 4
