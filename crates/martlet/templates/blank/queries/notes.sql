-- The latest notes.
-- @allow anyone
-- @param count integer 1..100 = 20  How many
select id, body, created_at
  from notes
 order by id desc
 limit :count
