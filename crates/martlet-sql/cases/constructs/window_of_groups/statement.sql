-- @allow anyone
select thing_id, sum(quantity) as total, rank() over (order by sum(quantity) desc, thing_id) as place, lag(count(*)) over (order by thing_id) as before
  from parts
 group by thing_id
having sum(quantity) > 0
 order by thing_id
