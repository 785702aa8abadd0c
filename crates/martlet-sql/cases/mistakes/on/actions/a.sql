-- @on sign_up
select 1 as x
