-- The events that the caller made while signed in, newest first.
-- @allow user
select e.token, e.title, e.time_zone, e.created_at,
       (select count(*) from participants p where p.event_id = e.id) as participants
  from events e
 where e.owner_user_id = auth.uid()
 order by e.id desc
 limit 100
