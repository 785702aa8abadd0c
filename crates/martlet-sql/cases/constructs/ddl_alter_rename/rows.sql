insert into stores (id, place) values (1, 2), (2, null);
