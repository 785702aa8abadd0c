-- @allow anyone
select jsonb_agg(doc order by id) as docs, jsonb_agg(is_seen order by id desc) as seen, jsonb_agg(amount order by id) as amounts, jsonb_agg(distinct quantity) as quantities from things t left join (select 1 as quantity) q on true
