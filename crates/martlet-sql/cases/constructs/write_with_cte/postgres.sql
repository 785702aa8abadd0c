with most as (select max(quantity) as q from parts) update counters set hits = most.q from most where key = 'home' returning hits;
