select id, note, small from things order by note nulls first, small desc nulls last, id;
