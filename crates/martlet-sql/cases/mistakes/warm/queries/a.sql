-- @allow user
-- @param a bigint 1..5
-- @param b text
-- @warm a=1
-- @warm a=x b=y
-- @warm a=9 b=y
-- @warm c=1
-- @warm a=1 a=2 b=x
-- @warm a
select :a + 1 as x, :b as y
