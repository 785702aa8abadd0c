select id, name, note, small, big, amount, is_on, is_seen, day, at, token, doc, raw
  from things
 order by id;
