-- The same rows for every system that is measured: formulas, no random numbers. At scale 1 there are 100,000 users
-- and 200,000 bookings; room types and rooms do not grow.

insert into users (id, email, name, role, created_at)
select md5('user-' || g.i::text)::uuid,
       'user' || g.i::text || '@example.test',
       'User ' || g.i::text,
       'guest',
       timestamptz '2024-01-01T00:00:00Z' + g.i * interval '1 minute'
  from generate_series(1, greatest(1, round(100000 * :scale))::bigint) as g(i);

insert into room_types (id, name, description, price_cents, rooms, capacity)
select g.i,
       'Room type ' || g.i::text,
       case g.i % 4
         when 1 then 'A quiet room to the courtyard'
         when 2 then 'A bright room with a desk by the window'
         when 3 then 'A large room with a balcony'
         else 'A corner room with a view over the roofs'
       end,
       5000 + 500 * g.i,
       40,
       (g.i % 4 + 1)::integer
  from generate_series(1::bigint, 40::bigint) as g(i);

insert into rooms (id, room_type_id, number, floor)
select g.i,
       (g.i - 1) / 40 + 1,
       (((g.i - 1) / 40 + 1) * 100 + (g.i - 1) % 40 + 1)::text,
       ((g.i - 1) / 40 + 1)::integer
  from generate_series(1::bigint, 1600::bigint) as g(i);

insert into bookings (id, user_id, room_type_id, check_in, check_out, nights, guests, status, total_cents, created_at)
select s.i,
       md5('user-' || (s.i * 7919 % greatest(1, round(100000 * :scale))::bigint + 1)::text)::uuid,
       s.room_type_id,
       s.check_in,
       s.check_in + s.nights,
       s.nights,
       (s.i % 2 + 1)::integer,
       s.status,
       s.nights * (5000 + 500 * s.room_type_id),
       s.check_in - (s.i % 60)::integer
  from (select g.i,
               g.i % 40 + 1 as room_type_id,
               date '2026-01-01' + ((g.i / 40 * 17 + g.i * 3) % 730)::integer as check_in,
               (g.i / 40 % 7 + 1)::integer as nights,
               case when g.i / 40 % 11 = 0 then 'cancelled' else 'confirmed' end as status
          from generate_series(1, greatest(1, round(200000 * :scale))::bigint) as g(i)) as s;

-- Every tenth confirmed booking is paid, every hundredth will be in cash.
insert into payments (id, booking_id, amount_cents, method, status, provider_reference, created_at)
select b.id / 10,
       b.id,
       b.total_cents,
       case when b.id % 100 = 0 then 'cash' else 'card' end,
       case when b.id % 100 = 0 then 'pending' else 'paid' end,
       case when b.id % 100 = 0 then null else 'seed-' || b.id::text end,
       b.created_at
  from bookings b
 where b.status = 'confirmed' and b.id % 10 = 0;
