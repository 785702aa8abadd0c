select id, case when quantity = 0 then 0 else 10 / quantity end as d, case when $1::integer = 0 then -1 else 100 / $1::integer end as e from parts order by id;
-- $1 is :n
