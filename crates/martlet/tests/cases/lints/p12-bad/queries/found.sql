-- @allow user
-- @param start bigint  First row
select id, name from people order by id limit 20 offset :start
