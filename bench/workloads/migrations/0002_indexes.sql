-- One index for each way in which a query or an action looks for rows. Each covers what it serves: the rows themselves
-- are not fetched.

-- availability, book: the confirmed stays of a room type around a date. report: all of them, by room type and day.
create index bookings_stay_idx on bookings (room_type_id, check_in, check_out, nights, total_cents)
  where status = 'confirmed';
-- recent: a user's plays, newest first.
create index recently_played_user_idx on recently_played (user_id, played_at desc, id desc, song_id);
-- Of its foreign key: what a song that is deleted would look for.
create index recently_played_song_idx on recently_played (song_id);
-- event: its blocks in order of time, who takes part, and how many can make a block.
create index blocks_event_idx on blocks (event_id, starts_at, id, ends_at);
create index participants_event_idx on participants (event_id, id, name);
create index availabilities_block_idx on availabilities (block_id);
