select id, amount::integer as i, amount::bigint as b, small::double precision as d, small::bigint as w, cast(is_on as integer) as f, small::boolean as t
  from things
 where id not in (3, 4)
 order by id;
