select big * $1::bigint as m, big + $1::bigint as a from things where id = $2::bigint;
-- $1 is :n
-- $2 is :id
