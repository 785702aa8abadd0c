-- Books a room of a type for 1 to 30 nights, if one is free.
-- @allow user
-- @param room_type_id bigint                        Which type of room
-- @param check_in     date                          First night
-- @param check_out    date  check_in+1..check_in+30 Day of departure
-- @returns row

-- One statement looks and writes, so that nobody can come between.
-- @expect row else 409 sold_out "No room of this type is free for these nights."
insert into bookings (user_id, room_type_id, check_in, nights, check_out, status, total_cents)
select (auth.jwt() ->> 'sub')::bigint, rt.id, :check_in, :check_out - :check_in, :check_out, 'confirmed',
       (:check_out - :check_in) * rt.price_cents
  from room_types rt
 where rt.id = :room_type_id
   and rt.rooms > (select count(*) from bookings b
                    where b.room_type_id = rt.id and b.status = 'confirmed'
                      and b.check_in < :check_out and b.check_in > :check_in - 31
                      and b.check_out > :check_in)
returning id, total_cents
