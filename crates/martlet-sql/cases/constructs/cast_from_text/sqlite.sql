SELECT int4in(?1) AS "i", int8in(?1) AS "b", float8in(?1) AS "d", date_in(?1 || '-01-01') AS "y";
-- ?1 is :t
