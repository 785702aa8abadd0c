-- @allow anyone
-- @param except bigint
select thing_id, sum(price)::bigint as s from parts where thing_id <> :except group by thing_id order by thing_id
