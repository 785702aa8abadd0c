select 1 as one from parts having count(*) > 1;
