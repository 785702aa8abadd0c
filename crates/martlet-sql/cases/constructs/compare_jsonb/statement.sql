-- @allow anyone
-- @param doc jsonb
select id, doc = :doc as same, doc <> :doc as other from things order by id
