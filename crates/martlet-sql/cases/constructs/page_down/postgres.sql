select t.name, t.small 
, (t.name) as "martlet_page_1"
, (t.id) as "martlet_page_2"
from things t where t.id > 0 or t.small is null
order by "martlet_page_1" desc, "martlet_page_2" desc limit $1::bigint;
-- $1 is the page's 0

-- after a cursor
select t.name, t.small 
, (t.name) as "martlet_page_1"
, (t.id) as "martlet_page_2"
from things t where ( t.id > 0 or t.small is null
) and (((t.name), (t.id)) < ($1::text, $2::bigint)) 
order by "martlet_page_1" desc, "martlet_page_2" desc limit $3::bigint;
-- $1 is the page's 1
-- $2 is the page's 2
-- $3 is the page's 0
