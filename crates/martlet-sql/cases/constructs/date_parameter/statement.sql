-- @allow anyone
-- @param from date
-- @param to date from+1..from+30
select id from things where day > :from - 31 and day < :to order by id
