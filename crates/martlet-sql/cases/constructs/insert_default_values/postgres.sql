insert into empties default values returning n, is_on;
