-- @allow anyone
select t.id, e.x ->> 'id' as item, s.i
  from things t
  left join jsonb_array_elements(case when t.id in (3, 10) then t.doc end) as e(x) on e.x ->> 'id' is not null
  left join generate_series(1, case when t.id < 3 then t.id end) as s(i) on s.i > 1
 where t.id in (1, 2, 3, 5, 6, 10)
 order by t.id, e.x ->> 'id', s.i
