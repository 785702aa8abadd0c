-- @allow user
-- @param a bigint

-- @name a
select :a + 1 as x;
-- @name b
select 1 as x;
-- @name b
select 1 as x;
-- @name Big
select 1 as x;
-- @name
select 1 as x
