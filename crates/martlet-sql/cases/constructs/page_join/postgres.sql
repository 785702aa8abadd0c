select p.label, t.name, p.quantity is distinct from 1 as is_odd
  
, (p.quantity) as "martlet_page_1"
, (p.label) as "martlet_page_2"
, (p.id) as "martlet_page_3"
from parts p
  join things t on t.id = p.thing_id
 where p.quantity >= $1::integer
order by "martlet_page_1", "martlet_page_2", "martlet_page_3" limit $2::bigint;
-- $1 is :least
-- $2 is the page's 0

-- after a cursor
select p.label, t.name, p.quantity is distinct from 1 as is_odd
  
, (p.quantity) as "martlet_page_1"
, (p.label) as "martlet_page_2"
, (p.id) as "martlet_page_3"
from parts p
  join things t on t.id = p.thing_id
 where ( p.quantity >= $1::integer
) and (((p.quantity), (p.label), (p.id)) > ($2::integer, $3::text, $4::bigint)) 
order by "martlet_page_1", "martlet_page_2", "martlet_page_3" limit $5::bigint;
-- $1 is :least
-- $2 is the page's 1
-- $3 is the page's 2
-- $4 is the page's 3
-- $5 is the page's 0
