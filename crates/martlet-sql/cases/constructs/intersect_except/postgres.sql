select thing_id as id from parts
except
select id from things where is_on
intersect
select thing_id from parts where quantity = 1
 order by id;
