-- Joins an event by name, without an account. The answer's session_key is told this once: only its SHA-256 is kept.
-- @allow anyone
-- @param token text matches /^[0-9a-f]{32}$/  Of the event's link
-- @param name  text trim 1..100               How the others see you
-- @returns row
-- @limit 600/m per token "Very many are joining this event just now: try again in a moment."
-- @limit 2000/h per address "Too many have joined from your network: try again a little later."

-- @name event
-- @expect row else 404 unknown_event "There is no such event."
select id from events where token = :token;

-- @expect none else 409 event_full "This event has its 500 participants."
select count(*) as participants from participants where event_id = :event.id having count(*) >= 500;

-- Sessions that have ended go as new ones come, a few at a time.
delete from sessions
 where id in (select id from sessions where expires_at < now() order by expires_at limit 10);

insert into users (id) select auth.uid() where auth.uid() is not null on conflict (id) do nothing;

-- 122 random bits.
-- @name guest
select replace(gen_random_uuid()::text, '-', '') as session_key;

insert into sessions (id, session_key, user_id, expires_at)
values (gen_random_uuid(), encode(sha256(convert_to(:guest.session_key, 'UTF8')), 'hex'), auth.uid(),
        now() + interval '90 days');

-- @answer
insert into participants (event_id, session_key, user_id, name)
values (:event.id, encode(sha256(convert_to(:guest.session_key, 'UTF8')), 'hex'), auth.uid(), :name)
returning id as participant_id, name, :guest.session_key as session_key;
