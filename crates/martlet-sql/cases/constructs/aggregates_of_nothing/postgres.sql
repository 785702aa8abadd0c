select count(*) as n, sum(small) as s, min(name) as m, bool_and(is_on) as b, json_agg(id) as j, string_agg(name, ',') as t, avg(amount) as a from things where id < 0;
