select thing_id, json_agg(label order by id) as labels, json_agg(price order by id) as prices from parts group by thing_id order by thing_id;
