-- @allow anyone
-- @param n integer
select id, case when quantity = 0 then 0 else 10 / quantity end as d, case when :n = 0 then -1 else 100 / :n end as e from parts order by id
