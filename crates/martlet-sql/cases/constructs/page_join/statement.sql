-- @allow anyone
-- @param least integer = 0
-- @page by p.quantity, p.label, p.id size 5
select p.label, t.name, p.quantity is distinct from 1 as is_odd
  from parts p
  join things t on t.id = p.thing_id
 where p.quantity >= :least
