-- The guest of a key and the blocks that he has marked. Ask by POST: a key in a URL ends in logs.
-- @allow anyone
-- @param session_key text matches /^[0-9a-f]{32}$/ As join_event gave it
-- @returns row
-- A session that ends is noticed within a minute; so the answer is kept, and can be followed.
-- @cache for 1m
select p.id as participant_id, p.name, e.token,
       (select coalesce(json_agg(a.block_id order by a.block_id), '[]'::json)
          from availabilities a
         where a.participant_id = p.id and a.state = 'yes') as block_ids
  from sessions s
  join participants p on p.session_key = s.session_key
  join events e on e.id = p.event_id
 where s.session_key = encode(sha256(convert_to(:session_key, 'UTF8')), 'hex')
   and s.expires_at > now()
