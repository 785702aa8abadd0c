-- Takes back the bookings of a run, so that the next one finds the rows of the seed.
-- @allow service
-- @param keep bigint 0..1000000000 = 200000 The highest number that stays
delete from bookings where id > :keep and id <= 2000000000
