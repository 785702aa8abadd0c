-- @allow user
-- @param city text  Where to
-- Everybody moves.
update people set city = :city
