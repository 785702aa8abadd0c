-- @allow anyone
select auth.jwt() ->> 'name' as name, auth.jwt() ->> 'missing' as missing
