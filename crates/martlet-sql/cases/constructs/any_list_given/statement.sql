-- @allow anyone
-- @param names text[] optional
select id, :names is not null as is_given from things where :names is null or name = any(:names) order by id
