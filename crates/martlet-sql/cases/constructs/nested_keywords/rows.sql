insert into "group" ("order", "My Column") values (1, 'a'), (2, 'b'), (3, 'c');
