insert into counters (key, hits, seen_on) values ('d', default, null) returning key, hits, seen_on;
