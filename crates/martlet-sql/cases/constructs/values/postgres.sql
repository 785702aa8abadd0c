values (1, 'a', null), (2, 'b', true), (-1, null, false) order by 1;
