-- @allow user
-- @param a text trim trim
-- @param b text optional optional
-- @param c bigint 1..5 2..6
select 1 as x
