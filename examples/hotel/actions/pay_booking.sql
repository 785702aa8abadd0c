-- Pays for a booking of the caller's own: by card at once, in cash at the desk on arrival.
-- @allow user
-- @param booking_id bigint  Which booking
-- @param method     text    in ('card', 'cash')  How it is paid
-- @returns row

-- @name booking
-- @expect row else 404 unknown_booking "You have no such booking."
select id, total_cents, status from bookings where id = :booking_id and user_id = auth.uid();

-- @expect row else 409 booking_cancelled "This booking is cancelled."
select id from bookings where id = :booking_id and status <> 'cancelled';

-- @expect none else 409 already_paid "This booking is paid already, or will be on arrival."
select id from payments where booking_id = :booking_id and status in ('pending', 'paid');

-- @answer
insert into payments (booking_id, amount_cents, method, status)
values (:booking.id, :booking.total_cents, :method, case when :method = 'card' then 'paid' else 'pending' end)
returning id, booking_id, amount_cents, method, status;
