-- @alow user
-- @parm id bigint
-- @return row
-- @small
-- @every 5m
-- @xyzzy
select 1 as x
