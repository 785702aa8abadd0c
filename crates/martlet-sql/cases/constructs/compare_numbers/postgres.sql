select id, small < big as a, big <> amount as b, amount > small as c from things order by id;
