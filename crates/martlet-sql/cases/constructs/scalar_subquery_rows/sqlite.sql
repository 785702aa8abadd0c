SELECT (SELECT single_value("label") FROM (SELECT "p"."label" FROM "parts" AS "p" WHERE "p"."thing_id" = ?1)) AS "label";
-- ?1 is :thing
