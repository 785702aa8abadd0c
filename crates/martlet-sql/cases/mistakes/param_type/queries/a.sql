-- @allow user
-- @param a int
-- @param b varchar
-- @param c bigin
-- @param d
-- @param e timestamp[]
-- @param f text[][]
-- @param g geometry
select 1 as x
