with ranked as (select id, row_number() over (partition by thing_id order by quantity desc, id) as place from parts)
update parts p set quantity = r.place::integer, price = coalesce(p.price, 0) + (select max(quantity) from parts) from ranked r where r.id = p.id and r.place < 3;
