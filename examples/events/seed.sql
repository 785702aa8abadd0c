-- The same rows for every system that is measured: formulas, no random numbers. 2,000 events of 20 blocks and 10
-- guests, 100,000 marks, whatever the scale; only the users grow. Event 1's token is md5('event-1'), guest 1's key
-- md5('guest-1'); of the keys the SHA-256 is kept.

insert into users (id, email, name, created_at)
select md5('user-' || g.i::text)::uuid,
       'user' || g.i::text || '@example.test',
       'User ' || g.i::text,
       timestamptz '2024-01-01T00:00:00Z' + g.i * interval '1 minute'
  from generate_series(1, greatest(1, round(100000 * :scale))::bigint) as g(i);

insert into events (id, token, title, owner_user_id, time_zone, created_at, updated_at)
select g.i,
       md5('event-' || g.i::text),
       'Event ' || g.i::text,
       md5('user-' || ((g.i - 1) % greatest(1, round(100000 * :scale))::bigint + 1)::text)::uuid,
       'UTC',
       timestamptz '2026-01-01T00:00:00Z' + g.i * interval '1 minute',
       timestamptz '2026-01-01T00:00:00Z' + g.i * interval '1 minute'
  from generate_series(1::bigint, 2000::bigint) as g(i);

insert into blocks (id, event_id, starts_at, ends_at)
select g.i,
       (g.i - 1) / 20 + 1,
       timestamptz '2026-06-01T09:00:00Z' + (g.i - 1) % 20 * interval '30 minutes',
       timestamptz '2026-06-01T09:30:00Z' + (g.i - 1) % 20 * interval '30 minutes'
  from generate_series(1::bigint, 40000::bigint) as g(i);

insert into sessions (id, session_key, created_at, last_seen_at, expires_at)
select md5('session-' || g.i::text)::uuid,
       encode(sha256(convert_to(md5('guest-' || g.i::text), 'UTF8')), 'hex'),
       timestamptz '2026-01-02T00:00:00Z',
       timestamptz '2026-01-02T00:00:00Z',
       timestamptz '2100-01-01T00:00:00Z'
  from generate_series(1::bigint, 20000::bigint) as g(i);

insert into participants (id, event_id, session_key, name, created_at)
select g.i,
       (g.i - 1) / 10 + 1,
       encode(sha256(convert_to(md5('guest-' || g.i::text), 'UTF8')), 'hex'),
       'Guest ' || g.i::text,
       timestamptz '2026-01-02T00:00:00Z'
  from generate_series(1::bigint, 20000::bigint) as g(i);

-- Guest p is one of event (p - 1) / 10 + 1, whose blocks begin 20 an event further.
insert into availabilities (id, participant_id, block_id, updated_at)
select g.i,
       (g.i - 1) / 5 + 1,
       (g.i - 1) / 50 * 20 + 1 + g.i * 7 % 20,
       timestamptz '2026-01-02T00:00:00Z'
  from generate_series(1::bigint, 100000::bigint) as g(i);
