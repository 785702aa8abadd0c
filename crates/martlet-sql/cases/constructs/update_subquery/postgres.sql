update parts set quantity = (select count(*) from parts o where o.quantity < parts.quantity)::integer;
