select id, name like '%a' as ends, name like '_e%' as second, note like '100\%\_%' as literal, name not like 'z%' as other, name like '%🦉' as owl from things order by id;
