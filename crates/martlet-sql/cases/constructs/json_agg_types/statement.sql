-- @allow anyone
select json_agg(small order by id) as i, json_agg(amount order by id) as f, json_agg(is_seen order by id) as b, json_agg(name order by id) as t, json_agg(day order by id) as d, json_agg(at order by id) as a, json_agg(doc order by id) as j, json_agg(raw order by id) as r, json_agg(token order by id) as u from things
