select n.number, n.code from numbered n order by n.code, n.number;
