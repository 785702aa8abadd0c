select sum(small) as s, sum(distinct small) as d from things;
