select thing_id, string_agg(label, ', ' order by quantity desc, label) as labels from parts group by thing_id order by thing_id;
