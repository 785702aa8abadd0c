-- Free rooms of every type for a stay of at most 30 nights.
-- @allow anyone
-- @param check_in  date  First night
-- @param check_out date  check_in+1..check_in+30  Day of departure
select rt.id, rt.name, rt.price_cents,
       rt.rooms - (select count(*) from bookings b
                    where b.room_type_id = rt.id and b.status = 'confirmed'
                      and b.check_in < :check_out and b.check_in > :check_in - 31
                      and b.check_out > :check_in) as free
  from room_types rt
 order by rt.id
