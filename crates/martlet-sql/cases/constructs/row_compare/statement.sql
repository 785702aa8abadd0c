-- @allow anyone
-- @param s integer
-- @param i bigint
select id from things where (small, id) > (:s, :i) and (name, id) <> ('drum', 4) order by small, id
