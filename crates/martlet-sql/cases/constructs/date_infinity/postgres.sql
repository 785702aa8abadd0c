select day + $1::integer as d from things where id = $2::bigint;
-- $1 is :n
-- $2 is :id
