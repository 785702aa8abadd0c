select id, $1::text[] is not null as is_given from things where $1::text[] is null or name = any($1::text[]) order by id;
-- $1 is :names
