select id, md5(name) as m, md5(note) as n from things order by id;
