-- @allow anyone
-- @param names text[] optional
select id, name = any(:names) as yes, not name = any(:names) as no from things order by id
