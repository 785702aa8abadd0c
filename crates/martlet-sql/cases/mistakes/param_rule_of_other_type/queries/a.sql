-- @allow user
-- @param a bigint email
-- @param b date trim
-- @param c uuid matches /x/
-- @param d boolean 1..2
-- @param e jsonb in ('{}')
select 1 as x
