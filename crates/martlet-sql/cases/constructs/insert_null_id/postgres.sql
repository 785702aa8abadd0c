insert into parts (id, thing_id, label) values ($1::bigint, 1, 'x') returning label;
-- $1 is :id
