select id, small % 2 as odd from things where small is not null order by 2, lower(name), id;
