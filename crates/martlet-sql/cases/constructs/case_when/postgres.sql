select id, case when small > 5 then 'many' when small > 0 then 'few' else 'none' end as amount, case when is_seen then 1 end as one from things order by id;
