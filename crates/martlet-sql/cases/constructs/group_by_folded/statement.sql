-- @allow anyone
select is_on and false as never, count(*) as things, bool_or(is_on is null) as lost
  from things
 group by is_on and false
 order by is_on and false, count(*) is null
