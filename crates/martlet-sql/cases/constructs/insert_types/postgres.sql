insert into things (id, name, small, big, amount, is_on, day, at, token, doc, raw)
values (100, $1::text, $2::integer, $3::bigint, $4::double precision, $5::boolean, $6::date, $7::timestamptz, $8::uuid, $9::jsonb, '{"z": 1}')
returning name, small, big, amount, is_on, day, at, token, doc, raw;
-- $1 is :name
-- $2 is :small
-- $3 is :big
-- $4 is :amount
-- $5 is :is_on
-- $6 is :day
-- $7 is :at
-- $8 is :token
-- $9 is :doc
