select id from things order by id limit $1::bigint offset $2::bigint;
-- $1 is :n
-- $2 is :skip
