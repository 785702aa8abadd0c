delete from parts where quantity > $1::integer returning label;
-- $1 is :n
