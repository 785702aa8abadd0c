select small / $1::integer as d, small % $1::integer as r from things where id = 7;
-- $1 is :n
