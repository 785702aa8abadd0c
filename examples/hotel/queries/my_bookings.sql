-- The caller's own bookings with their room type and payment, newest first, in pages.
-- @allow user
-- @page by b.created_at desc, b.id desc size 20 max 100
select b.id, b.room_type_id, rt.name as room_type, b.check_in, b.check_out, b.nights, b.status, b.total_cents,
       b.created_at,
       -- pay_booking leaves one of these to a booking; were there several, the first in this order counts.
       (select min(p.status) from payments p
         where p.booking_id = b.id and p.status in ('paid', 'pending', 'refunded')) as payment_status
  from bookings b
  join room_types rt on rt.id = b.room_type_id
 where b.user_id = auth.uid()
