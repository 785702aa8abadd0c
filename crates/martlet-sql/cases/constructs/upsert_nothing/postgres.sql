insert into counters (key, hits) values ('home', 9), ('new', 1) on conflict do nothing returning key;
