select id, at < now() as past, at > now() - interval '1 day' as recent from things order by id;
