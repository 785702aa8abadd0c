-- Says which blocks a guest can make; these replace what he marked before. A session that is used goes on for 90 days.
-- @allow anyone
-- @param session_key text matches /^[0-9a-f]{32}$/ As join_event gave it
-- @param block_ids   bigint[] ..200                Every block that suits; none takes all marks away
-- @returns row
-- @limit 120/m per session_key "You are marking very fast: try again in a moment."
-- @limit 3000/m per address "Too many marks from your network: try again in a moment."

-- @name guest
-- @expect row else 401 unknown_session "This session is not known or has ended: join the event again."
select p.id, p.event_id
  from sessions s
  join participants p on p.session_key = s.session_key
 where s.session_key = encode(sha256(convert_to(:session_key, 'UTF8')), 'hex')
   and s.expires_at > now();

-- @expect none else 422 foreign_block "A block that is not of this event cannot be marked."
select u.id
  from unnest(:block_ids) as u(id)
 where not exists (select 1 from blocks b where b.id = u.id and b.event_id = :guest.event_id)
 limit 1;

update sessions
   set last_seen_at = now(), expires_at = now() + interval '90 days'
 where session_key = encode(sha256(convert_to(:session_key, 'UTF8')), 'hex');

delete from availabilities
 where participant_id = :guest.id and not (block_id = any(:block_ids));

-- A block that is named twice is marked once.
insert into availabilities (participant_id, block_id, state, updated_at)
select :guest.id, b.id, 'yes', now()
  from blocks b
 where b.event_id = :guest.event_id and b.id = any(:block_ids)
    on conflict (participant_id, block_id) do update set state = excluded.state, updated_at = excluded.updated_at;

-- @answer
select :guest.id as participant_id, count(*) as marked
  from availabilities
 where participant_id = :guest.id and state = 'yes';
