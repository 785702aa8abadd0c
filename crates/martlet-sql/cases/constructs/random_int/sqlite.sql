SELECT random_int(1, 6) BETWEEN 1 AND 6 AS "die", random_int(5, 5) AS "five";
