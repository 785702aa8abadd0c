-- @allow user

-- @expect one
select 1 as x;
-- @expect 3
select 1 as x;
-- @expect 0 rows
select 1 as x;
-- @expect row else 500 bad "No"
select 1 as x;
-- @expect row else 409 Bad "No"
select 1 as x;
-- @expect row else 409 sold_out
select 1 as x;
-- @expect row or 409
select 1 as x;
-- @expect row else 409 sold_out ""
select 1 as x;
-- @expect
select 1 as x;
-- @expect row else 409 sold_out "open
select 1 as x
