select string_agg(distinct label, '+' order by label) as labels, string_agg(distinct note, '|' order by note desc) as notes from parts p join things t on t.id = p.thing_id;
