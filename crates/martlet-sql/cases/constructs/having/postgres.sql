select thing_id, max(quantity) as most from parts group by thing_id having count(*) > 1 order by thing_id;
