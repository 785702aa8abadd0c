select id, at - timestamptz '2024-03-01' > interval '1 day' as late, extract(epoch from at - timestamptz '2024-03-01')::bigint as seconds from things where id in (1, 2, 6, 7, 10) order by id;
