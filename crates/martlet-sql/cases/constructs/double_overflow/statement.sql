-- @allow anyone
-- @param x double
select amount * :x as m, amount / :x as d from things where id = 3
