-- @allow anyone
select id, at + interval '1 month' as month, at - interval '1 day 02:00:00.5' as back, interval '2 hours' + at as later from things where at between '1900-01-01' and '2100-01-01' or id in (8, 9) order by id
