-- @allow user
-- @page by i.name, i.id
select i.id from items i join tags t on t.item_id = i.id
