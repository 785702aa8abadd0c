select $1::text::integer as i, $1::text::bigint as b, $1::text::double precision as d, ($1::text || '-01-01')::date as y;
-- $1 is :t
