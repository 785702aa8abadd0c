select json_agg(distinct quantity order by quantity) as q, count(distinct label) as l, sum(distinct quantity) as s from parts;
