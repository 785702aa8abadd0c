select id, raw -> 'a' as field, raw ->> 'a' as field_text, raw -> 1 as element, raw ->> -1 as element_text from things where id in (1, 2, 4, 9, 10) order by id;
