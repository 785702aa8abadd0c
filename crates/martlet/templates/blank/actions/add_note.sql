-- Writes a note.
-- @allow anyone
-- @param body text trim 1..500  What it says
-- @returns row
insert into notes (body) values (:body)
returning id, body, created_at
