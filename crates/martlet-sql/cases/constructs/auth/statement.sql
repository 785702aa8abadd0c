-- @allow anyone
select auth.uid() as uid, auth.role() as role, auth.uid() is null as nobody
