-- @allow anyone
-- @param rows jsonb
select r.id, r.name, r.price, r.on, r.more, r.day from jsonb_to_recordset(:rows) as r(id bigint, name text, price double precision, "on" boolean, more jsonb, day date) order by r.id
