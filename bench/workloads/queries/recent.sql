-- What the caller has played, newest first, in pages.
-- @allow user
-- @page by p.played_at desc, p.id desc size 20 max 100
select p.song_id, s.title, s.artist, p.played_at
  from recently_played p
  join songs s on s.id = p.song_id
 where p.user_id = (auth.jwt() ->> 'sub')::bigint
