-- @allow user
-- @param item_id bigint
-- @page by label
select t.id, i.name from tags t join items i on i.id = t.item_id where t.item_id = :item_id
