select distinct small, is_seen from things order by small, is_seen;
