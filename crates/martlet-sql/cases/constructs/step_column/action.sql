-- @allow anyone
-- @param id bigint
-- @name thing
select id, name, day, is_on, doc from things where id = :id;

update counters set hits = hits + coalesce(:thing.id, 0), seen_on = :thing.day where key = 'home'
returning hits, seen_on, :thing.name as name, :thing.is_on as is_on, :thing.doc as doc
