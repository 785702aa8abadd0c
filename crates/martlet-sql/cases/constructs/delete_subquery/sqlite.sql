DELETE FROM "parts"
WHERE EXISTS (SELECT 1 FROM "things" AS "t" WHERE "t"."id" = "parts"."thing_id" AND "t"."is_on");
