select id, small from things order by small, id desc;
