-- The caller's own profile.
-- @allow user
-- @returns row
select id, email, name, avatar from users where id = (auth.jwt() ->> 'sub')::bigint
