insert into people (name, joined_on) values ('Ana', '2026-01-01');
