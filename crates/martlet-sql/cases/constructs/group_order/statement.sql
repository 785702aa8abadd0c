-- @allow anyone
select is_on, small > 5 as big, count(*) as n, max(name) as last from things group by is_on, small > 5 order by count(*) desc, max(name) desc nulls last
