select $1::text as name, $2::text as missing;
-- $1 is auth.jwt() ->> 'name'
-- $2 is auth.jwt() ->> 'missing'
