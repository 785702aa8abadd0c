with busy as (
  select thing_id, count(*) as parts from parts group by thing_id having count(*) > 1
), named(id, label) as (
  select t.id, t.name from things t join busy on busy.thing_id = t.id
)
select n.id, n.label, b.parts from named n join busy b on b.thing_id = n.id order by n.id;
