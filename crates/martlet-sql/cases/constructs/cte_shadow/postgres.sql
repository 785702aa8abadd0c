with parts as (select id, label from parts where quantity > 1) select p.label from parts p order by p.id;
