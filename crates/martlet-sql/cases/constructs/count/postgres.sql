select count(*) as rows, count(note) as notes, count(distinct small) as smalls from things;
