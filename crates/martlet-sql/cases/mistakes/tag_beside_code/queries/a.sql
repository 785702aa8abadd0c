-- @allow user
/* x */ -- @returns row
select 1 as x
