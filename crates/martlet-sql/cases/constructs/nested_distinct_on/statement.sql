-- @allow anyone
select d.thing_id, d.best, t.name
  from (select distinct on (1) thing_id, label as best, quantity from parts order by 1, quantity desc nulls last, id) d
  left join things t on t.id = d.thing_id
 order by d.thing_id
