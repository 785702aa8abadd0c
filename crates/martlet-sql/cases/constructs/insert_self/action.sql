-- @allow anyone
insert into parts (id, thing_id, label, quantity) select id + 100, thing_id, label || '+', quantity + (select max(quantity) from parts) from parts where id <= 3 order by id returning id, label, quantity
