(select id from things order by id desc limit 1)
union all
(select id from parts union (select 7 intersect select 7) order by 1 limit 2)
 order by 1;
