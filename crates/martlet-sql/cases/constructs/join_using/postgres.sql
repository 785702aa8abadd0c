select id, t.name, p.label from things t join parts p using (id) order by id;
