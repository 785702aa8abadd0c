select id, name = any($1::text[]) as yes, not name = any($1::text[]) as no from things order by id;
-- $1 is :names
