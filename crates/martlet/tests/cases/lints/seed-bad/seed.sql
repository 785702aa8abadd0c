insert into people (name, joined_on) values ('Ana', '2026-01-01');

insert into people (id, name, joined_on) values (1, 'Ana', '2026-01-01');
