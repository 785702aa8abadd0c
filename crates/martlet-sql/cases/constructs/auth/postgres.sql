select $1::uuid as uid, $2::text as role, $1::uuid is null as nobody;
-- $1 is auth.uid()
-- $2 is auth.role()
