-- @allow anyone
select id, doc -> 'a' as field, doc ->> 'a' as field_text, doc -> 'a' -> 'x' ->> 1 as deep, doc -> 0 ->> 'name' as first, doc ->> -1 as last, (doc ->> 'n')::integer + 1 as next from things order by id
