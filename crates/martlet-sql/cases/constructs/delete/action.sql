-- @allow anyone
-- @param n integer
delete from parts where quantity > :n returning label
