select small % 2 as odd, count(*) as things from things group by 1 order by 1;
