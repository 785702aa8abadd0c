-- Revenue, nights and bookings by month of arrival and room type, over all confirmed bookings.
-- First by day, in the order of the index, so that no booking is sorted; then by month over the days, which are few.
-- @allow service
select (m.month || '-01')::date as month, m.room_type_id, m.revenue_cents, m.nights, m.bookings
  from (select substr(d.check_in::text, 1, 7) as month,
               d.room_type_id,
               sum(d.revenue_cents)::bigint as revenue_cents,
               sum(d.nights)::bigint as nights,
               sum(d.bookings)::bigint as bookings
          from (select b.check_in,
                       b.room_type_id,
                       sum(b.total_cents)::bigint as revenue_cents,
                       sum(b.nights) as nights,
                       count(*) as bookings
                  from bookings b
                 where b.status = 'confirmed'
                 group by b.check_in, b.room_type_id) as d
         group by substr(d.check_in::text, 1, 7), d.room_type_id) as m
 order by m.month, m.room_type_id
