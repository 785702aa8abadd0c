select id, day = any($1::date[]) as d, is_on = any($2::boolean[]) as f, amount = any($3::double precision[]) as a, token = any($4::uuid[]) as u, big = any($5::integer[]) as s
  from things
 order by id;
-- $1 is :days
-- $2 is :flags
-- $3 is :amounts
-- $4 is :tokens
-- $5 is :smalls
