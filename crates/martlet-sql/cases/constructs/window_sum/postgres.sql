select id, sum(quantity) over (order by id) as running,
       sum(quantity) over (partition by thing_id) as whole,
       sum(quantity) over (order by id rows between 1 preceding and 1 following) as near,
       (sum(id) over (order by id))::bigint as big
  from parts
 order by id;
