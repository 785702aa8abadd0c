-- @allow anyone
-- @param n integer
select small / :n as d, small % :n as r from things where id = 7
