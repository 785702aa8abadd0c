select id, row_number() over (order by id desc) as number, rank() over (order by small nulls first) as place
  from things
 order by id;
