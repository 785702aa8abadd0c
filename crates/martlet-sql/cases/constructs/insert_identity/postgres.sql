insert into logs (text) values ('a'), ('b') returning id, text;
