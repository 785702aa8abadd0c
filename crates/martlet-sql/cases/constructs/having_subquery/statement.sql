-- @allow anyone
select thing_id, count(*) as parts from parts group by thing_id having count(*) >= (select min(c.n) + 1 from (select count(*) as n from parts group by thing_id) c) order by thing_id
