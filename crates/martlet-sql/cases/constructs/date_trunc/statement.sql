-- @allow anyone
select id, date_trunc('year', at) as year, date_trunc('quarter', at) as quarter, date_trunc('month', at) as month, date_trunc('week', at) as week, date_trunc('day', at) as day, date_trunc('hour', at) as hour, date_trunc('minute', at) as minute, date_trunc('second', at) as second from things where id not in (4) order by id
