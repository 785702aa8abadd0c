select id from things where (small, id) > ($1::integer, $2::bigint) and (name, id) <> ('drum', 4) order by small, id;
-- $1 is :s
-- $2 is :i
