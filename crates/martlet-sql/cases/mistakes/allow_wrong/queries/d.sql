-- @allow role authenticated
select 1 as x
