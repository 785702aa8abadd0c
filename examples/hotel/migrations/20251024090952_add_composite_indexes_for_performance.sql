-- One index for each way in which a query or an action looks for rows.

-- availability, book_room: the confirmed stays of a room type around a date.
create index bookings_stay_idx on bookings (room_type_id, status, check_in, check_out);
-- my_bookings: a guest's own, newest first.
create index bookings_user_idx on bookings (user_id, created_at desc, id desc);
-- report: every confirmed stay by date of arrival, with all that is added up, so that the rows need not be fetched.
create index bookings_report_idx on bookings (status, check_in, room_type_id, total_cents, nights);
-- rooms: who is in a room; also for the foreign key.
create index bookings_room_idx on bookings (room_id);

-- my_bookings, pay_booking, cancel_booking: what is paid for a booking.
create index payments_booking_idx on payments (booking_id, status);
-- What is still to be paid, oldest first.
-- @keep "the desk looks for open payments by hand"
create index payments_status_idx on payments (status, created_at);
-- The payment provider's own number names one payment.
create unique index payments_provider_reference_idx on payments (provider_reference);
