-- @allow anyone
select t.id, (with p as (select quantity from parts where thing_id = t.id), q as (select quantity from p where quantity > 1) select count(*) from q) as many
  from things t
 order by t.id
