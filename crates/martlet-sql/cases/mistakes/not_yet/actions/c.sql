-- @on signup
-- @param user_id uuid
-- @param email text optional
select :user_id as x, :email as y
