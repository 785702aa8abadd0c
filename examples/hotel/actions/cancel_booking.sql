-- Cancels a booking of the caller's own; what was paid is given back.
-- @allow user
-- @param booking_id bigint  Which booking
-- @returns row

-- Another guest's booking is answered as one that does not exist.
-- @expect row else 404 unknown_booking "You have no such booking."
select id from bookings where id = :booking_id and user_id = auth.uid();

-- @answer
-- @expect row else 409 already_cancelled "This booking is cancelled already."
update bookings set status = 'cancelled'
 where id = :booking_id and user_id = auth.uid() and status <> 'cancelled'
returning id, status;

update payments
   set status = case when status = 'paid' then 'refunded' else 'failed' end
 where booking_id = :booking_id and status in ('pending', 'paid');
