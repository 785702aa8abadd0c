select id from things where id = any($1::bigint[]) order by id;
-- $1 is :ids
