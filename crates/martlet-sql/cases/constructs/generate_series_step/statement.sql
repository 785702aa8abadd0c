-- @allow anyone
-- @param a bigint
-- @param b bigint
-- @param step bigint
select i from generate_series(:a, :b, :step) as g(i) order by i
