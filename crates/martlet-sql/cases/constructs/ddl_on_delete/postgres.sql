delete from shops where id = $1::bigint;
-- $1 is :id
