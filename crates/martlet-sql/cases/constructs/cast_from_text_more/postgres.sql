select $1::text::boolean as b, $2::text::uuid as u, $3::text::jsonb as j, $4::text::timestamptz as a;
-- $1 is :b
-- $2 is :u
-- $3 is :j
-- $4 is :a
