-- @allow anyone
-- @param n bigint
-- @param id bigint
select big * :n as m, big + :n as a from things where id = :id
