select u.id, t.name from unnest($1::bigint[]) as u(id) left join things t on t.id = u.id order by u.id;
-- $1 is :ids
