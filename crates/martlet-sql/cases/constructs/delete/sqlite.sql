DELETE FROM "parts"
WHERE "parts"."quantity" > ?1
RETURNING "parts"."label";
-- ?1 is :n
