select thing_id, count(*) as parts, sum(quantity) as quantity from parts group by thing_id order by thing_id;
