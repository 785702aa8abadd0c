-- @on signup
-- @param user_id text
-- @param email text
-- @param other bigint
-- @param fine bigint = 1
select 1 as x
