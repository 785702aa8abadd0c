-- Revenue, nights and bookings by month of arrival and room type, over all confirmed bookings.
-- @allow service
select date_trunc('month', b.check_in)::date as month,
       b.room_type_id,
       sum(b.total_cents)::bigint as revenue_cents,
       sum(b.nights) as nights,
       count(*) as bookings
  from bookings b
 where b.status = 'confirmed'
 group by date_trunc('month', b.check_in)::date, b.room_type_id
 order by month, b.room_type_id
