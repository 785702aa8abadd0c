-- @allow anyone
-- @param kind text
update shops set rank = 2, kind = :kind where id = 1
