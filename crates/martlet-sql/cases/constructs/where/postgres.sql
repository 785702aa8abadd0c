select id from things
 where (is_on or small > 5) and not (name = 'zeta' or is_seen)
 order by id;
