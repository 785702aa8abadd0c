-- Makes an event with blocks of one length, one after another. Its token is the only way to it: 122 random bits.
-- @allow anyone
-- @param title         text trim 1..200                                              What it is
-- @param starts_at     timestamptz '2000-01-01T00:00:00Z'..'2100-01-01T00:00:00Z'       Start of the first block
-- @param blocks        integer 1..200                                                How many blocks
-- @param block_minutes integer 5..1440                                               Length of each
-- @param description   text trim ..2000 optional                                     More about it
-- @param time_zone     text trim 1..64 optional                                      Of its maker, such as Europe/Berlin
-- @returns row
-- @idempotent
-- @limit 200/h per user "You have made many events within the hour: try again a little later."

-- A maker who is signed in owns the event.
insert into users (id) select auth.uid() where auth.uid() is not null on conflict (id) do nothing;

-- @name event
-- @answer
insert into events (token, title, description, owner_user_id, time_zone)
values (replace(gen_random_uuid()::text, '-', ''), :title, :description, auth.uid(), :time_zone)
returning id, token, title;

insert into blocks (event_id, starts_at, ends_at)
select :event.id,
       :starts_at + (g.i - 1) * :block_minutes * interval '1 minute',
       :starts_at + g.i * :block_minutes * interval '1 minute'
  from generate_series(1, :blocks) as g(i);
