update things set note = $1::text, small = small + 1, is_on = not is_on where id = 1 returning id, note, small, is_on;
-- $1 is :note
