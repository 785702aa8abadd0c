select id, case small when 7 then 'seven' when 1 then name else note end as t, case when is_on then small else amount end as wide from things order by id;
