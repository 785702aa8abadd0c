-- @allow anyone
-- @param n bigint optional
-- @param skip bigint optional
select id from things order by id limit :n offset :skip
