with seen as (select id from things where is_on)
select (select count(*) from seen) as seen, t.id 
, (lower(t.name)) as "martlet_page_1"
, (coalesce(t.small, 0)) as "martlet_page_2"
, (t.id) as "martlet_page_3"
from things t
order by "martlet_page_1", "martlet_page_2" desc, "martlet_page_3" limit $1::bigint;
-- $1 is the page's 0

-- after a cursor
with seen as (select id from things where is_on)
select (select count(*) from seen) as seen, t.id 
, (lower(t.name)) as "martlet_page_1"
, (coalesce(t.small, 0)) as "martlet_page_2"
, (t.id) as "martlet_page_3"
from things t
where ((lower(t.name)) >= $1::text and ((lower(t.name)) > $1::text or ((coalesce(t.small, 0)) <= $2::integer and ((coalesce(t.small, 0)) < $2::integer or ((t.id) > $3::bigint))))) 
order by "martlet_page_1", "martlet_page_2" desc, "martlet_page_3" limit $4::bigint;
-- $1 is the page's 1
-- $2 is the page's 2
-- $3 is the page's 3
-- $4 is the page's 0
