select r.id, r.name, r.price, r.on, r.more, r.day from jsonb_to_recordset($1::jsonb) as r(id bigint, name text, price double precision, "on" boolean, more jsonb, day date) order by r.id;
-- $1 is :rows
