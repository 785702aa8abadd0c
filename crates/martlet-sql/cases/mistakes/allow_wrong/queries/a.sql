-- @allow anybody
select 1 as x
