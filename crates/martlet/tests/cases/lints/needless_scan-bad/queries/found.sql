-- @allow user
-- @param person_id bigint  Who
-- @scan people "it was once read in full"
-- @returns row
select id, name from people where id = :person_id
