select id, row_number() over (partition by thing_id order by quantity, id) as number from parts order by id;
