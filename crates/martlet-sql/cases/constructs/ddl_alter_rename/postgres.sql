select id, place from stores order by id;
