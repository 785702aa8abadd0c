-- @allow anyone
select id, (day + interval '1 month')::date as d, (day - interval '1 year')::date as y from things where id in (1, 2, 6, 7, 10) order by id
