-- @allow user
select 'open
