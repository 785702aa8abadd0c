select avg(quantity)::double precision as q, avg(price)::double precision as p from parts;
