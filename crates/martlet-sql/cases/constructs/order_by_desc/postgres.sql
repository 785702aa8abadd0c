select id, note from things order by note desc, id;
