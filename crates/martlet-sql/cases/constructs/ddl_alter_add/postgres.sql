select id, city, floors from shops order by id;
