-- @allow anyone
select id, (day + interval '1 month')::date as d, (day - interval '1 year')::date as y from things where day between '1900-01-01' and '2100-01-01' order by id
