-- @allow anyone
-- @param note text optional
update things set note = :note, small = small + 1, is_on = not is_on where id = 1 returning id, note, small, is_on
