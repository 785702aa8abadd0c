select id, doc = $1::jsonb as same, doc <> $1::jsonb as other from things order by id;
-- $1 is :doc
