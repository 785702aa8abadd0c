-- @every 5m
select 1