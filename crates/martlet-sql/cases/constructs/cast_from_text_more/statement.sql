-- @allow anyone
-- @param b text
-- @param u text
-- @param j text
-- @param a text
select :b::boolean as b, :u::uuid as u, :j::jsonb as j, :a::timestamptz as a
