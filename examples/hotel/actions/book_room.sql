-- Books a room of a type for 1 to 30 nights, if one is free.
-- @allow user
-- @param room_type_id bigint  Which type of room
-- @param check_in     date    First night
-- @param check_out    date    Day of departure
-- @returns row
-- @idempotent

-- Until accounts exist, a guest's row is made by the first booking.
insert into users (id) values (auth.uid()) on conflict (id) do nothing;

-- @expect row else 422 invalid_stay "A stay lasts 1 to 30 nights: the departure must be after the arrival."
select :check_out - :check_in as nights where :check_out - :check_in between 1 and 30;

-- @expect row else 404 unknown_room_type "There is no such room type."
select id from room_types where id = :room_type_id;

-- One statement looks and writes, so that nobody can come between.
-- @answer
-- @expect row else 409 sold_out "No room of this type is free for these nights."
insert into bookings (user_id, room_type_id, check_in, check_out, nights, status, total_cents)
select auth.uid(), rt.id, :check_in, :check_out, :check_out - :check_in, 'confirmed',
       (:check_out - :check_in) * rt.price_cents
  from room_types rt
 where rt.id = :room_type_id
   and rt.rooms > (select count(*) from bookings b
                    where b.room_type_id = rt.id and b.status = 'confirmed'
                      and b.check_in < :check_out and b.check_in > :check_in - 31
                      and b.check_out > :check_in)
returning id, room_type_id, check_in, check_out, nights, status, total_cents;
