-- @allow user
-- @param item_id bigint
-- @param unused text
select name from items where id = :itemid
