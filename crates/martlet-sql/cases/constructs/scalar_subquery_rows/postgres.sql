select (select p.label from parts p where p.thing_id = $1::bigint) as label;
-- $1 is :thing
