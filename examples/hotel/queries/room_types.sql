-- Every type of room, with its price for a night.
-- @allow anyone
select id, name, description, price_cents, rooms, capacity
  from room_types
 order by id
