select id, small::text as i, big::text as b, amount::text as d, is_seen::text as f, day::text as y, at::text as t, token::text as u, doc::text as j, raw::text as r from things order by id;
