-- @allow anyone
delete from parts p where quantity <= (select min(quantity) + 1 from parts o where o.thing_id = p.thing_id)
