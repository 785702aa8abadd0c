select t.id, e.x ->> 'id' as item, s.i
  from things t
  left join jsonb_array_elements(case when t.id in (3, 10) then t.doc end) as e(x) on e.x ->> 'id' is not null
  left join generate_series(1, t.small) as s(i) on t.small < 3
 where t.id in (1, 2, 3, 5, 6, 10)
 order by t.id, e.x ->> 'id', s.i;
