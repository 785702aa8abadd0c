-- @allow user
-- @param person_id bigint  Who
-- @returns row
select id, name from people where id = :person_id
