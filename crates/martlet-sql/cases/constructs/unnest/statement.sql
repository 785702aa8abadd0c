-- @allow anyone
-- @param ids bigint[]
select u.id, t.name from unnest(:ids) as u(id) left join things t on t.id = u.id order by u.id
