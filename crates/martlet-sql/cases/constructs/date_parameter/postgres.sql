select id from things where day > $1::date - 31 and day < $2::date order by id;
-- $1 is :from
-- $2 is :to
