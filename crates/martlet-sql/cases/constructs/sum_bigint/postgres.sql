select thing_id, sum(price)::bigint as s from parts where thing_id <> $1::bigint group by thing_id order by thing_id;
-- $1 is :except
