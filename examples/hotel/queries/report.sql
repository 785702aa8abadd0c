-- Revenue, nights and bookings by month of arrival and room type, over all confirmed bookings.
-- @allow service
select (m.month || '-01')::date as month, m.room_type_id, m.revenue_cents, m.nights, m.bookings
  from (select substr(b.check_in::text, 1, 7) as month,
               b.room_type_id,
               sum(b.total_cents)::bigint as revenue_cents,
               sum(b.nights) as nights,
               count(*) as bookings
          from bookings b
         where b.status = 'confirmed'
         group by substr(b.check_in::text, 1, 7), b.room_type_id) as m
 order by m.month, m.room_type_id
