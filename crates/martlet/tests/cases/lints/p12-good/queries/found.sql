-- @allow user
-- @param start bigint 0..500  First row
select id, name from people order by id limit 20 offset :start
