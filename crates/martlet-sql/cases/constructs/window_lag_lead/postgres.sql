select id, lag(quantity) over w as before, lead(label, 2) over w as later, lag(quantity, 1, 0) over w as zero
  from parts
window w as (order by id)
 order by id;
