with v(n, t) as (values (1, 'one'), (2, 'two')), w as (select n, t from v union select 3, 'three' except values (2, 'two'))
select w.n, w.t, coalesce(p.label, 'none') as label from w left join parts p on p.id = w.n order by w.n desc;
