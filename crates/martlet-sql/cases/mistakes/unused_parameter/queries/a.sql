-- @allow user
-- @param low bigint
-- @param high bigint low..
-- @param other text optional
select name from items where price_cents < :high
