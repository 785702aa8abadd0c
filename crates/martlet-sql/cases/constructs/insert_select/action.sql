-- @allow anyone
insert into counters (key, hits) select p.label, sum(p.quantity) from parts p group by p.label order by p.label
returning key, hits
