DELETE FROM "parts"
WHERE "parts"."quantity" <= (SELECT int4pl(min("o"."quantity"), 1) FROM "parts" AS "o" WHERE "o"."thing_id" = "parts"."thing_id");
