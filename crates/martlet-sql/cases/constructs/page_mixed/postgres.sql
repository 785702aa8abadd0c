select t.id, t.is_on 
, (t.is_on) as "martlet_page_1"
, (t.name) as "martlet_page_2"
, (t.id) as "martlet_page_3"
from things t
order by "martlet_page_1" desc, "martlet_page_2", "martlet_page_3" desc limit $1::bigint;
-- $1 is the page's 0

-- after a cursor
select t.id, t.is_on 
, (t.is_on) as "martlet_page_1"
, (t.name) as "martlet_page_2"
, (t.id) as "martlet_page_3"
from things t
where ((t.is_on) <= $1::boolean and ((t.is_on) < $1::boolean or ((t.name) >= $2::text and ((t.name) > $2::text or ((t.id) < $3::bigint))))) 
order by "martlet_page_1" desc, "martlet_page_2", "martlet_page_3" desc limit $4::bigint;
-- $1 is the page's 1
-- $2 is the page's 2
-- $3 is the page's 3
-- $4 is the page's 0
