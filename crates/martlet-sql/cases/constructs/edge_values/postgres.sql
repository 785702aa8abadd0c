select $1::text as t, length($1::text) as characters, $1::text = lower($1::text) as is_low, $2::bigint as n, $3::double precision as d, $4::timestamptz as at, $5::jsonb as doc, $5::jsonb ->> 'k' as k;
-- $1 is :t
-- $2 is :n
-- $3 is :d
-- $4 is :at
-- $5 is :doc
