-- The data set of ../README.md: formulas, no random numbers. Users, bookings, songs, plays and wallets grow with
-- :scale, and so do the moduli that name another table's rows; room types, events and what is theirs stay.

insert into users (id, email, name, avatar, created_at)
select g.i,
       'user' || g.i::text || '@example.test',
       'User ' || g.i::text,
       '/avatars/' || (g.i % 500)::text || '.webp',
       timestamptz '2024-01-01T00:00:00Z' + g.i * interval '1 minute'
  from generate_series(1, greatest(1, round(100000 * :scale))::bigint) as g(i);

insert into room_types (id, name, price_cents, rooms)
select g.i, 'Room type ' || g.i::text, (5000 + 500 * g.i)::integer, 40
  from generate_series(1::bigint, 40::bigint) as g(i);

insert into bookings (id, user_id, room_type_id, check_in, nights, check_out, status, total_cents, created_at)
select s.i,
       s.i * 7919 % greatest(1, round(100000 * :scale))::bigint + 1,
       s.room_type_id,
       s.check_in,
       s.nights,
       s.check_in + s.nights,
       s.status,
       s.nights * (5000 + 500 * s.room_type_id)::integer,
       s.check_in - (s.i % 60)::integer
  from (select g.i,
               g.i % 40 + 1 as room_type_id,
               date '2026-01-01' + ((g.i / 40 * 17 + g.i * 3) % 730)::integer as check_in,
               (g.i / 40 % 7 + 1)::integer as nights,
               case when g.i / 40 % 11 = 0 then 'cancelled' else 'confirmed' end as status
          from generate_series(1, greatest(1, round(200000 * :scale))::bigint) as g(i)) as s;

insert into songs (id, title, artist, duration_s)
select g.i, 'Song ' || g.i::text, 'Artist ' || (g.i % 3000)::text, (120 + g.i % 240)::integer
  from generate_series(1, greatest(1, round(50000 * :scale))::bigint) as g(i);

insert into recently_played (id, user_id, song_id, played_at)
select g.i,
       g.i % greatest(1, round(19997 * :scale))::bigint + 1,
       g.i * 31337 % greatest(1, round(49999 * :scale))::bigint + 1,
       timestamptz '2026-01-01T00:00:00Z' + g.i * interval '30 seconds'
  from generate_series(1, greatest(1, round(1000000 * :scale))::bigint) as g(i);

insert into events (id, token, title, created_at)
select g.i, md5('event-' || g.i::text), 'Event ' || g.i::text,
       timestamptz '2026-01-01T00:00:00Z' + g.i * interval '1 minute'
  from generate_series(1::bigint, 2000::bigint) as g(i);

insert into blocks (id, event_id, starts_at, ends_at)
select g.i,
       (g.i - 1) / 20 + 1,
       timestamptz '2026-06-01T09:00:00Z' + (g.i - 1) % 20 * interval '30 minutes',
       timestamptz '2026-06-01T09:30:00Z' + (g.i - 1) % 20 * interval '30 minutes'
  from generate_series(1::bigint, 40000::bigint) as g(i);

insert into participants (id, event_id, name, session_key)
select g.i, (g.i - 1) / 10 + 1, 'Guest ' || g.i::text, md5('guest-' || g.i::text)
  from generate_series(1::bigint, 20000::bigint) as g(i);

-- Participant p is one of event (p - 1) / 10 + 1, whose blocks begin 20 an event further.
insert into availabilities (id, participant_id, block_id)
select g.i, (g.i - 1) / 5 + 1, (g.i - 1) / 50 * 20 + 1 + g.i * 7 % 20
  from generate_series(1::bigint, 100000::bigint) as g(i);

insert into wallets (user_id, balance_cents)
select g.i, 1000000
  from generate_series(1, greatest(1, round(100000 * :scale))::bigint) as g(i);
