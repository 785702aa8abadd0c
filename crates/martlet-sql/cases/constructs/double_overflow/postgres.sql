select amount * $1::double precision as m, amount / $1::double precision as d from things where id = 3;
-- $1 is :x
