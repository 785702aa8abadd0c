select big::integer as i, amount::integer as j from things where id = $1::bigint;
-- $1 is :id
