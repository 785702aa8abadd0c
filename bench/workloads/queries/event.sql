-- An event by its token: its blocks with how many can make each, and its participants. One statement, one document.
-- @allow anyone
-- @param token text matches /^[0-9a-f]{32}$/ Of the event's link
-- @returns row
select e.id, e.title, e.created_at,
       (select coalesce(json_agg(json_build_object(
                 'id', b.id, 'starts_at', b.starts_at, 'ends_at', b.ends_at,
                 'available', (select count(*) from availabilities a where a.block_id = b.id))
                 order by b.starts_at, b.id), '[]'::json)
          from blocks b
         where b.event_id = e.id) as blocks,
       (select coalesce(json_agg(json_build_object('id', p.id, 'name', p.name) order by p.id), '[]'::json)
          from participants p
         where p.event_id = e.id) as participants
  from events e
 where e.token = :token
