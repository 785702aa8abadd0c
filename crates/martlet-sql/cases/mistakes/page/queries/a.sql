-- @allow user
-- @page p.id desc
select 1 as x
