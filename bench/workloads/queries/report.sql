-- Revenue, nights and bookings by month of arrival and room type, over all confirmed bookings.
-- First by day, in the order of the index, so that nothing is sorted; then by month over the days, which are few.
-- @allow service
-- @scan bookings "every confirmed booking is counted"
select substr(d.check_in::text, 1, 7) as month,
       d.room_type_id,
       sum(d.revenue_cents)::bigint as revenue_cents,
       sum(d.nights)::bigint as nights,
       sum(d.bookings)::bigint as bookings
  from (select b.room_type_id, b.check_in,
               sum(b.total_cents) as revenue_cents, sum(b.nights) as nights, count(*) as bookings
          from bookings b
         where b.status = 'confirmed'
         group by b.room_type_id, b.check_in) as d
 group by substr(d.check_in::text, 1, 7), d.room_type_id
 order by month, d.room_type_id
