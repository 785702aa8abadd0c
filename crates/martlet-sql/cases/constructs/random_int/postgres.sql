select random_int(1, 6) between 1 and 6 as die, random_int(5, 5) as five;
