SELECT random() >= 0.0 AND random() < 1.0 AS "inside";
