select id, name ilike 'ZE%' as ascii, name ilike '%ÉCLAIR' as accent, name not ilike 'B%' as other from things order by id;
