select t.id, e.item, e.item ->> 'name' as name from things t, jsonb_array_elements(t.doc) as e(item) where t.id in (3, 10) order by t.id, e.item ->> 'id';
