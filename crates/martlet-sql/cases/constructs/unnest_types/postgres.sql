select d.x + 1 as day, f.x as flag, a.x as amount, n.x as name from unnest($1::date[]) as d(x), unnest($2::boolean[]) as f(x), unnest($3::double precision[]) as a(x), unnest($4::text[]) as n(x) order by 1, 2, 3, 4;
-- $1 is :days
-- $2 is :flags
-- $3 is :amounts
-- $4 is :names
