select i from generate_series($1::bigint, $2::bigint, $3::bigint) as g(i) order by i;
-- $1 is :a
-- $2 is :b
-- $3 is :step
