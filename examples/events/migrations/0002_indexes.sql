-- One index for each way in which a query or an action looks for rows; tokens and keys have their unique ones.

-- event, mark_availability: an event's blocks in order of time.
create index blocks_event_idx on blocks (event_id, starts_at);
-- event: how many can make a block.
create index availabilities_block_idx on availabilities (block_id, state);
-- my_marks, mark_availability: the guest of a key.
create index participants_session_key_idx on participants (session_key);
-- my_events: a user's own; also for the foreign keys.
create index events_owner_idx on events (owner_user_id);
create index participants_user_idx on participants (user_id);
create index sessions_user_idx on sessions (user_id);
-- join_event: sessions that have ended, to be removed.
create index sessions_expiry_idx on sessions (expires_at);
