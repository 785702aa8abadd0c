-- @allow user
-- @page by t.id
select i.id from items i left join tags t on t.item_id = i.id
